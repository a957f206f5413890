-- Whose picture is looked at next: the first in line, by priority, as with claims. By age there is an index already.
CREATE INDEX media_uninspected_first ON bildwerk.media (priority DESC, inspect_at) WHERE inspect_at IS NOT NULL;

-- Pictures that are still to be compared with the library. Whoever inspects one does it at once, and takes it out; where it
-- does not live to do so, somebody else does from `compare_at` on: soon, for the picture's scores are asked for meanwhile, and
-- to compare it twice does no harm. A table of its own: a flag at the pictures, with an index,
-- would write all their indexes anew for each of them.
CREATE TABLE bildwerk.uncompared (
    content_hash text PRIMARY KEY,
    compare_at timestamptz NOT NULL DEFAULT now() + interval '5 seconds'
);
INSERT INTO bildwerk.uncompared (content_hash)
SELECT content_hash FROM bildwerk.pictures WHERE phash IS NOT NULL AND compared IS NULL;
