-- Workers that meet over a new tag agree on how it is spelled: whoever comes first says so.

CREATE TABLE bildwerk.tag_spellings (
    -- the folded name: what two spellings have in common
    key text PRIMARY KEY,
    name text NOT NULL
);
