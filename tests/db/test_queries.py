"""Queries of which parts may be left out."""

from db.queries import keep_parts, load

QUERY = """SELECT * FROM a
-- part b
JOIN b USING (id)
-- end
-- part c
JOIN c USING (id)
-- end
ORDER BY id"""


def test_only_what_is_wanted_is_kept() -> None:
    assert keep_parts(QUERY, ["c"]) == "SELECT * FROM a\nJOIN c USING (id)\nORDER BY id"
    assert keep_parts(QUERY, []) == "SELECT * FROM a\nORDER BY id"


def test_what_nobody_wants_is_named_nowhere() -> None:
    """So that nobody needs a right to read it."""
    facts = load("facts")["facts_snapshots"]
    assert "public.prompt_history" in keep_parts(facts, ["prompts"])
    assert not {"public.tags", "public.prompt_history", "bildwerk.likenesses"} & set(keep_parts(facts, []).split())
