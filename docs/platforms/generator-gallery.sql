-- Like a gallery of generated pictures: prompts, a review with words of its own, moderation flags, a state of publishing.
CREATE SCHEMA studio;
CREATE TABLE studio.artists (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL
);
CREATE TABLE studio.images (
    image_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    artist bigint REFERENCES studio.artists,
    file_name text NOT NULL,
    sha256 text,
    perceptual text,
    content_type text,
    w integer,
    h integer,
    bytes bigint,
    created timestamptz NOT NULL DEFAULT now(),
    changed timestamptz NOT NULL DEFAULT now(),
    review text NOT NULL DEFAULT 'pending' CHECK (review IN ('pending', 'good', 'look', 'broken')),
    review_score double precision,
    visibility text NOT NULL DEFAULT 'draft' CHECK (visibility IN ('draft', 'queued', 'public')),
    likes integer NOT NULL DEFAULT 0
);
CREATE INDEX ON studio.images (visibility);
CREATE TABLE studio.image_data (
    image_id bigint NOT NULL REFERENCES studio.images ON DELETE CASCADE,
    name text NOT NULL,
    data json NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (image_id, name)
);
CREATE TABLE studio.generations (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    image_id bigint NOT NULL REFERENCES studio.images ON DELETE CASCADE,
    positive text NOT NULL,
    negative text,
    origin text NOT NULL,
    certainty numeric,
    at timestamptz NOT NULL
);
CREATE TABLE studio.audit (
    image_id bigint NOT NULL,
    what varchar(40) NOT NULL,
    details text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
