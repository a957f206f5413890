-- A small gallery of somebody's own: pictures, and notes about them.
CREATE SCHEMA gallery;
CREATE TABLE gallery.pictures (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    file text NOT NULL UNIQUE,
    added timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE gallery.notes (
    picture bigint NOT NULL REFERENCES gallery.pictures ON DELETE CASCADE,
    name text NOT NULL,
    content jsonb NOT NULL,
    PRIMARY KEY (picture, name)
);
