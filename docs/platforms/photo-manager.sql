-- Like a photo manager: names in camel case, integer ids, limited texts, fields as text, labels of its own.
CREATE SCHEMA photos;
CREATE TABLE photos."Albums" (
    id serial PRIMARY KEY,
    name varchar(100) NOT NULL
);
CREATE TABLE photos."Assets" (
    "assetId" serial PRIMARY KEY,
    "albumId" integer REFERENCES photos."Albums",
    "relativePath" varchar(1024) NOT NULL UNIQUE,
    checksum varchar(64),
    "mimeType" varchar(100),
    "pixelWidth" integer,
    "pixelHeight" integer,
    bytes bigint,
    "takenAt" timestamp,
    "modifiedAt" timestamp NOT NULL DEFAULT now(),
    rating smallint NOT NULL DEFAULT 0,
    trashed boolean NOT NULL DEFAULT false
);
CREATE TABLE photos."AssetFields" (
    "assetId" integer NOT NULL REFERENCES photos."Assets" ON DELETE CASCADE,
    field varchar(80) NOT NULL,
    content text,
    "changedBy" varchar(40) DEFAULT 'somebody',
    PRIMARY KEY ("assetId", field)
);
CREATE TABLE photos."Labels" (
    id serial PRIMARY KEY,
    label varchar(120) NOT NULL UNIQUE,
    colour varchar(7) NOT NULL DEFAULT '#888888'
);
CREATE TABLE photos."AssetLabels" (
    "assetId" integer NOT NULL REFERENCES photos."Assets" ON DELETE CASCADE,
    "labelId" integer NOT NULL REFERENCES photos."Labels" ON DELETE CASCADE,
    pinned boolean NOT NULL DEFAULT false,
    PRIMARY KEY ("assetId", "labelId")
);
CREATE FUNCTION photos.touch() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN NEW."modifiedAt" := clock_timestamp(); RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON photos."Assets" FOR EACH ROW EXECUTE FUNCTION photos.touch();
