-- At most one row: too many events could not be understood, and no process takes any more until a person says so.
CREATE TABLE bildwerk.intake_stop (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    -- so many of the last events were dead letters; equal: all of them, in a row
    dead integer NOT NULL,
    events integer NOT NULL,
    -- the last of them
    reason text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    stopped_at timestamptz NOT NULL DEFAULT now()
);
