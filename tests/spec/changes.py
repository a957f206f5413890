"""What each cell stands on: for every one some small changes to the product, each of which must turn it red."""

from tests.spec.change import WRITING, change, persist
from tests.spec.changes_of_duplicates import CHANGES as CHANGES_OF_DUPLICATES
from tests.spec.changes_of_judging import CHANGES as CHANGES_OF_JUDGING
from tests.spec.changes_of_naming import CHANGES as CHANGES_OF_NAMING

CAPTION, TITLE = "handlers/stages/caption.py", "handlers/stages/title.py"
PLAN, STANDING = "handlers/plan.py", "handlers/field_standing.py"
SETTLING = "handlers/runner/settling.py"
LAYOUT, CLIENT, BACKOFF = "handlers/inference/layout.py", "handlers/inference/client.py", "handlers/backoff.py"
EFFECTS, LEDGER, LEASES = "db/sql/effects.sql", "db/sql/ledger.sql", "db/sql/leases.sql"
FRESH = (
    "WHERE owner IS NULL AND due <> '{}' AND run_at <= now()\n    ORDER BY priority DESC, run_at, id\n    LIMIT (SELECT"
)
FACTS, ARGUMENTS, SETTINGS = "contracts/facts.py", "bildwerk/arguments.py", "bildwerk/settings.py"
LOGS, REDACTION = "bildwerk/telemetry/logs.py", "bildwerk/telemetry/redaction.py"

INSERT = "WITH ours AS (\n    INSERT INTO {media_meta: media_id = $1::bigint"
LAST = "{media_meta.value of m} = $6"
TAG = "WITH other AS (INSERT INTO public.tags (name) VALUES ($2)), "
WIDTH = "WITH other AS (UPDATE public.media SET width = 1), "
PROMPT = "WITH other AS (UPDATE public.media_meta SET value = '1' WHERE key = 'prompt'), "
KNOWN = "plain_text(facts.meta.get(key)) for key in self.reads"
RETRIED = "isinstance(failure, Transient) and"
UPSTREAM = "not current[upstream].status.terminal"
NO_PICTURE = (LAYOUT, '"content": words, "images": [_encode(picture)]', '"content": words')
NO_FORCE = (PLAN, "_make_due(verdict) if verdict.forced else _skip(verdict, reason)", "_skip(verdict, reason)")
NO_OWN_CAPTION = (TITLE, 'None if caption else read_ours(facts, "ollama.caption")', "None")
NO_THEIR_CAPTION = (TITLE, '"media caption": caption,', "")
INVENTED_CAPTION = (TITLE, 'read_ours(facts, "ollama.caption")', '(read_ours(facts, "ollama.caption") or "x")')
PRESENT_IS_WRITTEN = (STANDING, "if is_blank(facts.meta.get(platforms))", "")

CHANGES = (
    change(
        "J1-inputs J2-inputs J3-inputs J4-inputs J5-inputs J6-inputs J7-inputs", "the picture is not sent", NO_PICTURE
    ),
    change("J1-inputs", "metadata", (CAPTION, '"media file": file_line(facts), ', "")),
    change("J1-inputs", "the prompt", (CAPTION, '"description", "prompt", "title")', '"description", "title")')),
    change("J1-inputs", "a prompt is invented", (CAPTION, KNOWN, KNOWN.replace(" for", ' or "x" for'))),
    change("J1-outputs", "no caption", (CAPTION, "list_free(facts, _FIELDS))", "list_free(facts, _FIELDS)[1:])")),
    change("J1-outputs", "wrong text", (CAPTION, '"ollama.caption": answer.caption', '"ollama.caption": "x"')),
    change(
        "J1-outputs J2-outputs J4-outputs J7-outputs",
        "no provenance",
        (WRITING, "if any_written and origin.model", "if False and origin.model"),
    ),
    change(
        "J1-outputs J2-outputs J4-outputs J7-outputs R7",
        "provenance although off",
        (WRITING, ' and "provenance" in self.writes:', ":"),
    ),
    change("J1-outputs J2-outputs", "wrong model", (WRITING, '"ollama.model", origin.model', '"ollama.model", "x"')),
    change("J1-outputs", "a time of no zone", (WRITING, "snapshot.now.iso", "snapshot.now.replace(tzinfo=None).iso")),
    change(
        "J1-tables J2-tables J4-tables J5-tables J7-tables J8-tables",
        "a tag is written",
        (EFFECTS, INSERT, TAG + INSERT.removeprefix("WITH ")),
    ),
    change(
        "J1-tables J2-tables J3-tables J4-tables J5-tables J6-tables J7-tables J8-tables",
        "the medium is changed",
        (EFFECTS, INSERT, WIDTH + INSERT.removeprefix("WITH ")),
    ),
    change(
        "J1-tables J2-tables J3-tables J4-tables J5-tables J6-tables J7-tables J8-tables",
        "a value of the platform is changed",
        (EFFECTS, INSERT, PROMPT + INSERT.removeprefix("WITH ")),
    ),
    change("J1-runs-when J2-runs-when", "what is present is written", PRESENT_IS_WRITTEN),
    change(
        "J1-runs-when J2-runs-when J3-runs-when J4-runs-when J6-runs-when J7-runs-when R6",
        "force overrides nothing",
        NO_FORCE,
    ),
    change(
        "J1-failure-modes J2-failure-modes",
        "a time-out is the host's",
        (CLIENT, "kind = Transient if", "kind = Unavailable if"),
    ),
    change(
        "J1-failure-modes J2-failure-modes",
        "no back-off",
        (SETTLING, "attempt + 1, run_at=snapshot.now + delay", "attempt + 1, run_at=None"),
    ),
    change("J1-failure-modes J2-failure-modes R5", "no retry", (SETTLING, RETRIED, f"False and {RETRIED}")),
    change(
        (
            "J1-failure-modes J2-failure-modes J3-failure-modes J4-failure-modes J6-failure-modes J7-failure-modes "
            "J8-failure-modes"
        ),
        "invalid JSON is asked for again",
        (SETTLING, RETRIED, "True and"),
    ),
    change(
        "J1-failure-modes",
        "a failed caption is written",
        *persist("ollama.caption"),
    ),
    change(
        "J2-failure-modes",
        "a failed title is written",
        *persist("ollama.title"),
    ),
    change("J2-inputs", "metadata", (TITLE, '"media file": file_line(facts),', "")),
    change("J2-inputs", "our caption", NO_OWN_CAPTION),
    change("J2-inputs R8", "the platform's caption", NO_THEIR_CAPTION),
    change("J2-inputs R8", "a caption is invented", INVENTED_CAPTION),
    change("J2-inputs", "the prompt", (TITLE, '"media prompt": plain_text(facts.meta.get("prompt")),', "")),
    change("J2-outputs", "no title", (TITLE, "in list_free(facts, _FIELDS))", "in ())")),
    change("J2-outputs", "wrong text", (TITLE, "PutMeta(key, answer.title)", 'PutMeta(key, "x")')),
    change("J2-runs-when", "force of one is force of all", ("handlers/chain.py", "return named", "return known")),
    change("R1", "what is done is looked at again", (PLAN, "in (Status.DONE, Status.FAILED):", "in (Status.FAILED,):")),
    change(
        "R1",
        "a force is honoured twice",
        (
            LEDGER,
            "ON CONFLICT DO NOTHING\nRETURNING",
            "ON CONFLICT (media_id, force_id) DO UPDATE SET honoured_at = now()\nRETURNING",
        ),
    ),
    change(
        "R1",
        "what is not new is announced",
        (PLAN, " and (name not in before or before[name].outcome != verdict.outcome)", ""),
    ),
    change("R1", "no upsert", (EFFECTS, f"AND {LAST}", f"AND {LAST} AND false")),
    change("R2", "a medium is claimed twice", (LEASES, FRESH, FRESH.replace("owner IS NULL AND ", ""))),
    change("R3", "a seed of its own", (LAYOUT, '"seed": options.seed', '"seed": 0')),
    change(
        "R3", "another seed each time", (LAYOUT, '"seed": options.seed', '"seed": __import__("time").monotonic_ns()')
    ),
    change("R3", "no seed", (LAYOUT, '            "seed": options.seed,\n', "")),
    change("R3", "always warm", (LAYOUT, '"temperature": options.temperature', '"temperature": 0.7')),
    change(
        "R3",
        "warm unless said otherwise",
        (SETTINGS, "temperature: float = Field(0.0", "temperature: float = Field(0.8"),
    ),
    change("R4", "nothing is redacted", (LOGS, "            redact,\n", "")),
    change(
        "R4",
        "strings pass",
        (REDACTION, "return str(value) if shape and shape.fullmatch(value) else short(value)", "return value"),
    ),
    change(
        "R4",
        "messages of exceptions pass",
        (REDACTION, "            **_codes(current),\n", '            "message": str(current),\n'),
    ),
    change("R5", "no growth", (BACKOFF, "self.base * 2.0 ** min(attempt, 30)", "self.base")),
    change("R5", "no jitter", (BACKOFF, "* (0.5 + spread)", "")),
    change("R5", "tries without end", (SETTLING, "+ 1 < retry.tries", "+ 1 < 99")),
    change(
        "R5",
        "waiting for a host is a try",
        (
            SETTLING,
            "return verdict, Outcome.UNAVAILABLE",
            "return replace(verdict, attempt=verdict.attempt + 1), Outcome.UNAVAILABLE",
        ),
    ),
    change("R5", "a host that is away fails jobs", (SETTLING, "if isinstance(failure, Unavailable):", "if False:")),
    change("R6", "locks do not hold", (FACTS, '        locks = self.meta.get("locks")\n', "        locks = []\n")),
    change(
        "R6",
        "a person's value is ours",
        (FACTS, " or self.meta[key] != written.value", ""),
        (EFFECTS, f" AND {LAST}", " AND ($6::jsonb IS NOT NULL)"),
    ),
    change(
        "R6",
        "force overrides a precondition",
        (
            PLAN,
            "case Impossible(reason):  # 5, 9\n            return",
            "case Impossible(reason):\n            return _make_due(verdict) if verdict.forced else",
        ),
    ),
    change(
        "R7",
        "on in a platform's tables",
        (ARGUMENTS, "OPTIONAL_WRITES if owns_platform else frozenset()", "OPTIONAL_WRITES"),
    ),
    change("R7", "off in our tables", (ARGUMENTS, "OPTIONAL_WRITES if owns_platform else ", "")),
    change("R7", "no setting", (ARGUMENTS, "if settings.writes is not None:", "if False:")),
    change(
        "R8",
        "a skipped stage is not finished",
        (PLAN, UPSTREAM, "current[upstream].status not in (Status.DONE, Status.FAILED)"),
    ),
    change(
        "R8",
        "a failed stage is not finished",
        (PLAN, UPSTREAM, "current[upstream].status not in (Status.DONE, Status.SKIPPED)"),
    ),
    *CHANGES_OF_DUPLICATES,
    *CHANGES_OF_JUDGING,
    *CHANGES_OF_NAMING,
)
