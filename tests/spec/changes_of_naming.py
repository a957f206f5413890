"""What the cells of tags and of prompt reconstruction stand on."""

from tests.spec.change import WRITING, change, persist

TAGS, PROMPT = "handlers/stages/tags_normalize.py", "handlers/stages/prompt_recon.py"
NORMALIZE, SUPPORT, CONSISTENCY = (f"handlers/tags/{name}.py" for name in ("normalize", "support", "consistency"))
RESULT, CONFIDENCE = "handlers/reconstruction/result.py", "handlers/reconstruction/confidence.py"
KNOWN = "handlers/reconstruction/known_prompts.py"
TAG_SQL, EFFECTS, FACTS = "db/sql/tags.sql", "db/sql/effects.sql", "db/sql/facts.sql"

OUR_CAPTION = 'None if caption else read_ours(facts, "ollama.caption")'
GIVEN = "return *results, PutTags(tuple(WeightedTag(tag.name, tag.confidence, tag.weight) for tag in normal))"
DISTINCT = "WHERE p.media_id = $1::bigint AND p.source = $5::text AND p.prompt = $2::text"
REMEMBERED_PROMPT = "SELECT a.media_id, r.digest, $6 FROM added AS a, result AS r"
ADDED = "WHERE a.media_id = $1::bigint AND a.digest = r.digest"
DROPPED = "b.name <> ALL($2::text[])\n        AND b.run_id IS NOT NULL AND NOT {media_tags.locked of l}"
BY_NAME = "(SELECT FROM bildwerk.tag_links AS b WHERE b.media_id = $1::bigint AND b.name = w.name)"
REMEMBERED = f"WHERE NOT EXISTS {BY_NAME}\n        AND NOT"
BY_ID = "JOIN same AS s ON s.tag_id = b.tag_id\n            WHERE"
NEW_NAME = "WHERE NOT EXISTS (SELECT FROM public.tags AS t WHERE t.name = w.name"
CHOSEN = "return value, AddPrompt(result.prompt, result.negative_prompt, result.confidence)"
SHOWN_TAGS = '"media tags": _join(map(plain_text, list_tags(facts)), ", ", _TAGS_SHOWN),'
IN_FILE = "found = None if facts.picture is None else facts.picture.embedded"
NEGATIVE = "negative = embedded.negative_prompt if embedded.negative_prompt.strip() else None"
SHARES = "max(self.duplicates, self.variants, self.mixed, self.unknown)"
HELD = "standing is Standing.KEPT or _is_locked(facts):\n            return Impossible"
FEW = "if len(names) < rules.minimum:\n        return True"

TAG_CHANGES = (
    change("J3-inputs", "the platform's caption", (TAGS, '"media caption": caption,', "")),
    change("J3-inputs", "our caption", (TAGS, OUR_CAPTION, "None")),
    change("J3-inputs", "a caption is invented", (TAGS, OUR_CAPTION, f'({OUR_CAPTION}) or "x"')),
    change("J3-inputs", "the tags", (TAGS, '"media tags": plain_text(", ".join(tags)),', "")),
    change("J3-inputs", "the prompt", (TAGS, '"media prompt": plain_text(facts.meta.get("prompt")),', "")),
    change("J3-inputs", "scan flags", (TAGS, '"scan flags": say_scan_flags(facts.meta),', "")),
    change(
        "J3-outputs",
        "raw names are cleaned",
        (TAGS, '{"name": tag.name, "level"', '{"name": tag.name.strip(), "level"'),
    ),
    change(
        "J3-outputs", "nothing normalised", (TAGS, "[*self._tell_foreign(facts, normalizer.distinct), *ours]", "[]")
    ),
    change(
        "J3-outputs",
        "others' tags are not told",
        (TAGS, "[*self._tell_foreign(facts, normalizer.distinct), *ours]", "ours"),
    ),
    change("J3-outputs R1 R7", "no tags", (TAGS, GIVEN, "return results")),
    change("J3-outputs", "junk is a tag", (NORMALIZE, "or is_junk(form) or", "or")),
    change("J3-outputs", "texts support nothing", (NORMALIZE, "self._support.has(name)) for", "False) for")),
    change("J3-outputs", "all weigh the same", (NORMALIZE, "return WEIGHTS[self.level]", "return 1.0")),
    change(
        "J3-outputs J3-tables R7",
        "tags although off",
        (WRITING, 'case PutTags(wanted) if "tags" in self.writes:', "case PutTags(wanted):"),
    ),
    change("J3-tables", "tags are locked", (TAG_SQL, NEW_NAME, f"{NEW_NAME} FOR UPDATE")),
    change(
        "J3-runs-when",
        "few are enough",
        (CONSISTENCY, FEW, FEW.replace("len(names) < rules.minimum", "not names")),
        (CONSISTENCY, "judged.distinct < rules.minimum or ", ""),
    ),
    change("J3-runs-when", "a mess is fine", (CONSISTENCY, " or judged.inconsistency > rules.inconsistency", "")),
    change("J3-runs-when", "languages mix", (CONSISTENCY, SHARES, SHARES.replace("self.mixed, ", ""))),
    change(
        "J3-runs-when", "always", (TAGS, "if standing is Standing.STALE or needs_tags(facts, self.rules):", "if True:")
    ),
    change(
        "J3-failure-modes",
        "nothing is deduped beside others' tags",
        (NORMALIZE, "map(self.naming.marks, (*self.removed, *self.carried))", "map(self.naming.marks, self.removed)"),
    ),
    change(
        "J3-failure-modes",
        "removed tags come back",
        (NORMALIZE, "(*self.removed, *self.carried)", "self.carried"),
        (TAG_SQL, REMEMBERED, "WHERE NOT"),
        (TAG_SQL, BY_ID, f"{BY_ID} false AND"),
    ),
    change(
        "J3-failure-modes",
        "locked tags are taken away",
        (TAG_SQL, DROPPED, DROPPED.replace(" AND NOT {media_tags.locked of l}", "")),
    ),
    change(
        "J3-failure-modes", "a lock on all tags does not hold", (TAGS, HELD, HELD.replace(" or _is_locked(facts)", ""))
    ),
    change("J3-failure-modes", "failed tags are written", *persist("ollama.tags_raw")),
)

PROMPT_CHANGES = (
    change("J6-inputs", "the platform's caption", (PROMPT, '"media caption": caption,', "")),
    change("J6-inputs", "our caption", (PROMPT, OUR_CAPTION, "None")),
    change("J6-inputs", "a caption is invented", (PROMPT, OUR_CAPTION, f'({OUR_CAPTION}) or "x"')),
    change("J6-inputs", "the tags", (PROMPT, SHOWN_TAGS, "")),
    change("J6-inputs", "fragments", (PROMPT, '"media prompt": prompt,', "")),
    change("J6-outputs R1 R7", "no prompt", (PROMPT, CHOSEN, "return (value,)")),
    change(
        "J6-outputs R1",
        "the same prompt twice",
        (EFFECTS, DISTINCT, f"{DISTINCT} AND false"),
        (EFFECTS, ADDED, f"{ADDED} AND false"),
        (EFFECTS, REMEMBERED_PROMPT, f"{REMEMBERED_PROMPT}\nON CONFLICT DO NOTHING"),
    ),
    change(
        "R6",
        "a prompt that was deleted comes back",
        (EFFECTS, ADDED, f"{ADDED} AND false"),
        (EFFECTS, REMEMBERED_PROMPT, f"{REMEMBERED_PROMPT}\nON CONFLICT DO NOTHING"),
    ),
    change("J6-outputs", "the prompt in the file is not looked at", (KNOWN, IN_FILE, "found = None")),
    change(
        "J6-outputs",
        "it is paraphrased",
        (RESULT, "Reconstruction(embedded.prompt, negative", "Reconstruction(embedded.prompt.capitalize(), negative"),
    ),
    change("J6-outputs", "its negative part is lost", (RESULT, NEGATIVE, "negative = None")),
    change(
        "J6-outputs",
        "a part is lost",
        (RESULT, "assemble_prompt(kept)", 'assemble_prompt({**kept, "light": kept["subject"]})'),
    ),
    change(
        "J6-outputs J6-tables R7",
        "prompts although off",
        (WRITING, 'case AddPrompt() if "prompts" in self.writes:', "case AddPrompt():"),
    ),
    change(
        "J6-tables",
        "history is rewritten",
        (
            EFFECTS,
            "WITH result AS (",
            "WITH gone AS (DELETE FROM public.prompt_history WHERE media_id = $1), result AS (",
        ),
    ),
    change("J6-runs-when", "incomplete is enough", (PROMPT, " or find_gap(prompt, self.rules) is not None", "")),
    change("J6-runs-when", "a bad picture is fine", (PROMPT, " or _has_grade_c(facts)", "")),
    change("J6-runs-when", "past prompts do not count", (KNOWN, "(kept, *past)", "(kept,)")),
    change("J6-runs-when", "always", (PROMPT, 'return Satisfied("prompt_present")', "return Due()")),
    change(
        "J6-failure-modes",
        "any confidence will do",
        (PROMPT, " or result.confidence < self.rules.confidence_limit", ""),
    ),
    change("J6-failure-modes", "the model's word counts alone", (CONFIDENCE, "certainty * trust", "certainty")),
    change("J6-failure-modes", "a failed prompt is written", *persist("ollama.prompt_reconstruction")),
)

CHANGES = (*TAG_CHANGES, *PROMPT_CHANGES)
