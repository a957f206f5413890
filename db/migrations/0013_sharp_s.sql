-- Maße and Buße are other words than Masse and Busse since then, and their keys keep the ß. Spellings are learned again.
DELETE FROM bildwerk.tag_spellings WHERE name ~* '(ma|bu)ßen?\M';
UPDATE bildwerk.tag_aliases SET key = regexp_replace(key, '(ma|bu)ss(en?)\M', '\1ß\2', 'g') WHERE alias ~* '(ma|bu)ßen?\M';
UPDATE bildwerk.tag_merges SET key = regexp_replace(key, '(ma|bu)ss(en?)\M', '\1ß\2', 'g') WHERE name ~* '(ma|bu)ßen?\M';
