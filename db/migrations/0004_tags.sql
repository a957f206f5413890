-- What tags and prompts rest on.

-- Every tag that we gave a medium, or saw on it. A row without a link in media_tags: somebody took the tag away, and it
-- must not come back.
CREATE TABLE bildwerk.tag_links (
    media_id bigint NOT NULL,
    tag_id bigint NOT NULL,
    name text NOT NULL,
    -- what we wrote; null: somebody else's tag
    confidence real,
    weight real,
    run_id bigint,
    content_hash text,
    PRIMARY KEY (media_id, tag_id)
);

-- Other names of tags that a person gave, by their folded form. A merge is another name, too, and is not repeated here.
CREATE TABLE bildwerk.tag_aliases (
    key text PRIMARY KEY,
    alias text NOT NULL,
    tag_id bigint NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Tags that a person made one: as long as it is not undone, the name behind `key` is another name of the tag `into_id`.
CREATE TABLE bildwerk.tag_merges (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    tag_id bigint NOT NULL,
    name text NOT NULL,
    key text NOT NULL,
    into_id bigint NOT NULL,
    into_name text NOT NULL,
    merged_at timestamptz NOT NULL DEFAULT now(),
    undone_at timestamptz,
    CHECK (tag_id <> into_id)
);
CREATE UNIQUE INDEX tag_merges_of ON bildwerk.tag_merges (tag_id) WHERE undone_at IS NULL;
CREATE INDEX tag_merges_into ON bildwerk.tag_merges (into_id) WHERE undone_at IS NULL;

-- Which links a merge took, as they were: enough to take it back.
CREATE TABLE bildwerk.tag_merge_links (
    merge_id bigint NOT NULL REFERENCES bildwerk.tag_merges (id) ON DELETE CASCADE,
    media_id bigint NOT NULL,
    -- moved; dropped: the medium carried both; withheld: ours, where somebody had taken the other tag away
    what text NOT NULL CHECK (what IN ('moved', 'dropped', 'withheld')),
    confidence real,
    weight real,
    source text,
    -- the medium's rows in bildwerk.tag_links of the two tags
    memory jsonb NOT NULL,
    PRIMARY KEY (merge_id, media_id)
);

-- Grows in the transaction of every change of the aliases, so that processes know when to read them again.
CREATE TABLE bildwerk.tag_aliases_version (version bigint NOT NULL);
INSERT INTO bildwerk.tag_aliases_version VALUES (0);

-- The prompts that we added to prompt_history, by digest: one that a person deleted there is not added again.
CREATE TABLE bildwerk.added_prompts (
    media_id bigint NOT NULL,
    digest text NOT NULL,
    run_id bigint NOT NULL,
    PRIMARY KEY (media_id, digest)
);

ALTER TABLE bildwerk.pictures
    -- contracts.embedded.Embedded
    ADD COLUMN embedded jsonb;
