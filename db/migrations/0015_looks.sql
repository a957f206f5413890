-- Whose picture is looked at next: the first in line, by priority, as with claims. By age there is an index already.
CREATE INDEX media_uninspected_first ON bildwerk.media (priority DESC, inspect_at) WHERE inspect_at IS NOT NULL;
