-- What quality, scores and policy rest on.

ALTER TABLE bildwerk.pictures
    -- contracts.measures.Measures; null when unreadable or not measured yet
    ADD COLUMN measures jsonb,
    -- who measured; older figures are taken anew
    ADD COLUMN measures_version integer NOT NULL DEFAULT 0,
    -- the perceptual hash
    ADD COLUMN phash bigint,
    -- bits to the nearest other picture when this one came (null: there was none), and among how many (null: not
    -- compared yet)
    ADD COLUMN nearest smallint,
    ADD COLUMN compared integer,
    -- a detector's score, 0 to 1, and whether one was asked: it may have had none
    ADD COLUMN nsfw real,
    ADD COLUMN nsfw_tried boolean NOT NULL DEFAULT false;

-- The media that somebody asked to be scored, whatever else is known of them.
CREATE TABLE bildwerk.score_batches (
    media_id bigint NOT NULL REFERENCES bildwerk.media (id) ON DELETE CASCADE,
    batch text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (media_id, batch)
);
