-- More hashes of each picture are in the index since then (version 2 of sketches, made of the sketches that are kept): others
-- are looked for once more, and each picture enters the index anew as its medium is.
UPDATE bildwerk.media SET seek_at = now() WHERE content_hash IS NOT NULL AND deleted_at IS NULL;
