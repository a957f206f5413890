-- What a claim costs does not grow with the library. Every medium that is done leaves a dead entry at the head of the
-- indexes that claims walk. By default they would be removed when a fifth of all rows had changed, and even then be left
-- where they are few for the size of the table.
ALTER TABLE bildwerk.media SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, vacuum_index_cleanup = on
);

-- Every new picture is compared with all others: by this alone, a hundredth of the table.
CREATE INDEX pictures_phash ON bildwerk.pictures (phash) INCLUDE (number) WHERE phash IS NOT NULL AND left_at IS NULL;
ALTER TABLE bildwerk.pictures SET (autovacuum_vacuum_insert_scale_factor = 0.02);
