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

ALTER TABLE bildwerk.pictures
    -- 48x48 levels of brightness, by which two pictures are compared
    ADD COLUMN sketch bytea,
    -- when and how a camera says it took it
    ADD COLUMN taken jsonb,
    -- pictures that were generated from the same prompt and seed have the same
    ADD COLUMN prompt_key text GENERATED ALWAYS AS (
        CASE WHEN embedded ->> 'seed' IS NOT NULL AND embedded ->> 'prompt' <> '' AND (embedded ->> 'certain') = 'true'
            THEN md5((embedded -> 'prompt')::text || (embedded -> 'negative_prompt')::text || (embedded -> 'seed')::text)
        END
    ) STORED;
CREATE INDEX pictures_pixels ON bildwerk.pictures (pixel_hash) WHERE pixel_hash IS NOT NULL;
CREATE INDEX pictures_prompt ON bildwerk.pictures (prompt_key) WHERE prompt_key IS NOT NULL;

ALTER TABLE bildwerk.media
    -- the platform's own hashes as they were when the picture was inspected
    ADD COLUMN platform_hash text,
    ADD COLUMN platform_phash bigint,
    -- when others like it are to be looked for (null: that is done), and for what they were looked for last
    ADD COLUMN seek_at timestamptz,
    ADD COLUMN sought text,
    -- pictures that are alike, too, but too many
    ADD COLUMN left_out integer NOT NULL DEFAULT 0;
-- What a search for others depends on; `version` is that of sketches.
CREATE FUNCTION bildwerk.seek_key(m bildwerk.media, version integer) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN md5(jsonb_build_array(m.content_hash, m.platform_hash, m.platform_phash, version)::text);

-- What was inspected before is looked for once its picture has been sketched.
UPDATE bildwerk.media SET seek_at = now() WHERE content_hash IS NOT NULL;

CREATE INDEX media_unsought ON bildwerk.media (seek_at) WHERE seek_at IS NOT NULL;
CREATE INDEX media_platform_hash ON bildwerk.media (platform_hash) WHERE platform_hash IS NOT NULL;

-- The graph. A pair stands while both media show pictures with these pixels.
CREATE TABLE bildwerk.duplicate_pairs (
    one bigint NOT NULL,
    other bigint NOT NULL CHECK (one < other),
    one_pixels text NOT NULL,
    other_pixels text NOT NULL,
    level text NOT NULL CHECK (
        level IN ('same_bytes', 'same_pixels', 'same_picture', 'same_moment', 'same_prompt', 'near', 'told')
    ),
    -- seen from the older medium
    evidence jsonb NOT NULL,
    found_at timestamptz NOT NULL DEFAULT now(),
    -- the one that came later; it asks the model, once
    referee bigint NOT NULL CHECK (referee IN (one, other)),
    -- it has asked, or left it unasked because the group is large
    closed boolean NOT NULL DEFAULT false,
    relation text CHECK (relation IN ('same', 'edited', 'burst', 'variant', 'unrelated')),
    keep text CHECK (keep IN ('this', 'other', 'neither')),
    reason text,
    run_id bigint,
    PRIMARY KEY (one, other)
);
CREATE INDEX duplicate_pairs_other ON bildwerk.duplicate_pairs (other);

-- What people say. It outlives the pair, and holds for these pixels.
CREATE TABLE bildwerk.duplicate_decisions (
    one bigint NOT NULL,
    other bigint NOT NULL CHECK (one < other),
    one_pixels text NOT NULL,
    other_pixels text NOT NULL,
    same boolean NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (one, other)
);

-- Pairs that stand, each seen from both sides.
CREATE VIEW bildwerk.likenesses AS
SELECT
    p.media_id, p.neighbour, p.level, p.evidence, p.found_at, p.referee, p.closed, p.relation, p.keep, p.reason, p.run_id,
    p.neighbour_pixels, d.same AS decision, n.content_hash,
    coalesce(
        d.same, p.relation IN ('same', 'edited'), p.level IN ('same_bytes', 'same_pixels', 'same_picture')
    ) AS joins
FROM (
    SELECT one AS media_id, other AS neighbour, one_pixels AS pixels, other_pixels AS neighbour_pixels, q.*
    FROM bildwerk.duplicate_pairs AS q
    UNION ALL
    SELECT other, one, other_pixels, one_pixels, q.* FROM bildwerk.duplicate_pairs AS q
) AS p
JOIN bildwerk.media AS m ON m.id = p.media_id AND m.deleted_at IS NULL
JOIN bildwerk.pictures AS c ON c.content_hash = m.content_hash AND c.pixel_hash = p.pixels AND c.unreadable IS NULL
JOIN bildwerk.media AS n ON n.id = p.neighbour AND n.deleted_at IS NULL
JOIN bildwerk.pictures AS o
    ON o.content_hash = n.content_hash AND o.pixel_hash = p.neighbour_pixels AND o.unreadable IS NULL
LEFT JOIN bildwerk.duplicate_decisions AS d
    ON d.one = p.one AND d.other = p.other AND d.one_pixels = p.one_pixels AND d.other_pixels = p.other_pixels;

-- Media to be planned because something changed about one that they are like. Rows are never shared: whoever deletes one
-- has seen what its writer committed.
CREATE TABLE bildwerk.neighbours (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    media_id bigint NOT NULL,
    -- the other one is gone: there may be room for one that was left out
    gone boolean NOT NULL DEFAULT false
);
