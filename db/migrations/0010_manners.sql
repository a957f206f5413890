-- How hosts are best asked, found out once for each server version and model; answers that came in one call; and whose
-- turn it is when the longest wait counts.

CREATE TABLE bildwerk.prefix_probes (
    version text NOT NULL,
    -- the model's
    digest text NOT NULL,
    num_ctx integer NOT NULL,
    layout text NOT NULL,
    -- prompt time of the second question about a picture, by that of the first
    ratio real NOT NULL,
    probed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (version, digest, num_ctx)
);

ALTER TABLE bildwerk.runs
    -- the run whose call answered this one's question too; what it cost is there
    ADD COLUMN fused_in bigint;

CREATE INDEX media_oldest ON bildwerk.media (run_at, id) WHERE owner IS NULL AND due <> '{}';
