-- What a run needs, to be taken over by media that show the same pixels.

ALTER TABLE bildwerk.runs
    -- what the model was asked to write in; empty where nobody was asked
    ADD COLUMN language text NOT NULL DEFAULT '',
    -- the run whose answer this one rests on, instead of one of its own
    ADD COLUMN reused_from bigint;
CREATE INDEX runs_reusable ON bildwerk.runs (content_hash, job_type, id)
    WHERE raw_answer IS NOT NULL AND reused_from IS NULL AND outcome IN ('done', 'kept');
CREATE INDEX runs_reused ON bildwerk.runs (reused_from) WHERE reused_from IS NOT NULL;
