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

-- Other names of tags, by their folded form. Rows of a merge name it, and go when it is undone.
CREATE TABLE bildwerk.tag_aliases (
    key text PRIMARY KEY,
    alias text NOT NULL,
    name text NOT NULL,
    merge_id bigint,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Tags that a person made one, and which links were moved for it: enough to take it back.
CREATE TABLE bildwerk.tag_merges (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    tag_id bigint NOT NULL,
    name text NOT NULL,
    into_id bigint NOT NULL,
    into_name text NOT NULL,
    merged_at timestamptz NOT NULL DEFAULT now(),
    undone_at timestamptz
);
CREATE TABLE bildwerk.tag_merge_links (
    merge_id bigint NOT NULL REFERENCES bildwerk.tag_merges (id) ON DELETE CASCADE,
    media_id bigint NOT NULL,
    -- the medium carried both: the link was dropped, not moved
    had_both boolean NOT NULL,
    confidence real,
    weight real,
    source text,
    -- what bildwerk.tag_links held of it
    ours boolean NOT NULL,
    PRIMARY KEY (merge_id, media_id)
);

-- Grows in the transaction of every change of the aliases, so that processes know when to read them again.
CREATE TABLE bildwerk.tag_aliases_version (version bigint NOT NULL);
INSERT INTO bildwerk.tag_aliases_version VALUES (0);

ALTER TABLE bildwerk.pictures
    -- contracts.embedded.Embedded
    ADD COLUMN embedded jsonb;
