-- Pictures that no medium shows any more leave the index at once, and are forgotten after a while.

ALTER TABLE bildwerk.pictures
    -- when the last medium that showed it got another one; null while one shows it, or only a deleted one did
    ADD COLUMN left_at timestamptz;
CREATE INDEX pictures_left ON bildwerk.pictures (left_at) WHERE left_at IS NOT NULL;

ALTER TABLE bildwerk.media
    -- why the search for others may have missed some: flat_picture, crowd
    ADD COLUMN search_limits text[] NOT NULL DEFAULT '{}';

UPDATE bildwerk.pictures AS p SET left_at = now()
WHERE NOT EXISTS (SELECT FROM bildwerk.media AS m WHERE m.content_hash = p.content_hash);
DELETE FROM bildwerk.picture_hashes AS e USING bildwerk.pictures AS p
WHERE p.number = e.picture
    AND NOT EXISTS (SELECT FROM bildwerk.media AS m WHERE m.content_hash = p.content_hash AND m.deleted_at IS NULL);
DELETE FROM bildwerk.perceptual_hashes AS h
WHERE NOT EXISTS (SELECT FROM bildwerk.picture_hashes AS e WHERE e.kind = h.kind AND e.hash = h.hash);
