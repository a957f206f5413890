-- What duplicates rest on: which pictures have perceptual hashes within some bits of a given one.
--
-- Two hashes of 64 bits that differ in at most 8 agree in one of three parts (of 22, 21 and 21 bits) but for 2 bits: who
-- looks up every part with up to 2 bits changed, 718 values, finds all of them (multi-index hashing; Norouzi, Punjani,
-- Fleet 2012). A part is looked up as a prefix of the hash turned so that this part comes first.

CREATE FUNCTION bildwerk.turn(hash bigint, bits integer) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (hash << bits) | ((hash >> (64 - bits)) & ((1::bigint << bits) - 1));

-- Every value once, however many pictures share it, and never updated: the searches stay in the indexes.
CREATE TABLE bildwerk.perceptual_hashes (
    hash bigint NOT NULL,
    second bigint NOT NULL GENERATED ALWAYS AS (bildwerk.turn(hash, 22)) STORED,
    third bigint NOT NULL GENERATED ALWAYS AS (bildwerk.turn(hash, 43)) STORED,
    -- which algorithm made it
    kind "char" NOT NULL,
    PRIMARY KEY (kind, hash)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
CREATE INDEX perceptual_hashes_second ON bildwerk.perceptual_hashes (kind, second);
CREATE INDEX perceptual_hashes_third ON bildwerk.perceptual_hashes (kind, third);

-- A content hash is 64 letters: too long to be repeated with every perceptual hash.
ALTER TABLE bildwerk.pictures ADD COLUMN number bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE;

CREATE TABLE bildwerk.picture_hashes (
    hash bigint NOT NULL,
    picture bigint NOT NULL REFERENCES bildwerk.pictures (number),
    kind "char" NOT NULL,
    -- of which copies of the picture (whole, trimmed ...)
    copies smallint[] NOT NULL,
    PRIMARY KEY (kind, hash, picture),
    FOREIGN KEY (kind, hash) REFERENCES bildwerk.perceptual_hashes (kind, hash)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
CREATE INDEX picture_hashes_of ON bildwerk.picture_hashes (picture);
