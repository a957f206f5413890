"""Safeguards of people's values, events and neighbours: P17 to P21, P24, the relay and the offsets."""

from tests.mutations.safeguard import Safeguard, safeguard

EFFECTS, OUTBOX, SWEEP = (f"db/sql/{name}.sql" for name in ("effects", "outbox", "sweep"))
INTAKE, TRIAGE = (f"consumers/{name}.py" for name in ("intake", "triage"))
LAST = (
    "{media_meta.value of m} = $6\n        AND NOT EXISTS (\n            SELECT FROM public.media_meta AS l\n"
    "            WHERE l."
)
NOTHING = "    ON CONFLICT DO NOTHING\n    RETURNING true"
UPSERT = NOTHING.replace("NOTHING", "UPDATE SET value = excluded.value").replace("CONFLICT", "CONFLICT (media_id, key)")
INTAKES = "consumers/test_intake.py::test_"

VALUES: tuple[Safeguard, ...] = (
    safeguard(
        "written-value check",
        "P17: the last value in the writing statement",
        "order:finish_and_a_persons_edit db/test_effects.py::test_an_edit_that_commits_while_we_wait_stands",
        (EFFECTS, LAST, LAST.replace("= $6", "IS DISTINCT FROM $6 || '1'::jsonb")),
    ),
    safeguard(
        "P17",
        "the lock in the writing statement",
        "db/test_effects.py::test_a_lock_stops_both_ways_of_writing",
        (EFFECTS, LAST, LAST.replace("WHERE l.", "WHERE false AND l.")),
    ),
    safeguard(
        "P17",
        "never one upsert for both",
        "order:finish_and_a_persons_deletion order:finish_and_a_persons_own_value"
        " db/test_effects.py::test_an_insert_that_commits_while_we_wait_stands",
        (EFFECTS, NOTHING, UPSERT),
        ("db/effects.py", "    if last is None:\n", "    if last is None or last:\n"),
    ),
    safeguard(
        "P18",
        "the sweep plans all facts of every medium",
        "consumers/test_sweep.py::test_a_value_that_was_added_without_an_event_is_seen",
        (SWEEP, "WHERE id > $1 AND look_at IS NULL", "WHERE id > $1 AND look_at IS NULL AND inspect_at IS NOT NULL"),
    ),
    safeguard(
        "P19",
        "only our own completions are dropped by plan number",
        f"{INTAKES}our_own_echo_is_dropped_unless_it_is_newer_than_the_medium",
        (TRIAGE, "    if decoded.source == source:\n", "    if event.plan_no is not None:\n"),
    ),
    safeguard(
        "P19",
        "a finish that does not plan leaves the row's number",
        "handlers/runner/test_finishing.py::test_without_planning_the_event_is_newer_than_the_row",
        (
            "handlers/runner/finishing.py",
            "            draft = replace(draft, row=replace(draft.row, plan_no=now.known.plan_no))\n",
            "",
        ),
    ),
    safeguard(
        "P20",
        "the outbox in the order of its identity",
        "db/test_outbox.py::test_rows_come_in_order_and_go_when_deleted",
        (OUTBOX, "ORDER BY id\nLIMIT $1", "ORDER BY event_id\nLIMIT $1"),
    ),
    safeguard(
        "P20",
        "a failed send stops that medium's rows",
        "consumers/test_relay.py::test_a_failed_send_stops_that_mediums_later_rows_only",
        ("consumers/publishing.py", "                stopped.add((row.key, row.topic))\n", ""),
    ),
    safeguard(
        "relay lock",
        "P20: one relay at a time",
        "order:relay_and_relay db/test_outbox.py::test_one_transaction_at_a_time_holds_the_lock",
        (OUTBOX, "SELECT pg_try_advisory_xact_lock($1)", "SELECT $1::bigint > 0"),
    ),
    safeguard(
        "unique key",
        "P21: of force requests",
        "row:14-the_force_is_known order:force_and_the_same_force",
        (
            "db/migrations/0002_ledger.sql",
            "    honoured_at timestamptz NOT NULL DEFAULT now(),\n    PRIMARY KEY (media_id, force_id)\n",
            "    honoured_at timestamptz NOT NULL DEFAULT now()\n",
        ),
    ),
    safeguard(
        "P21",
        "a force is known by source and id, or by place and bytes",
        "consumers/test_triage.py::test_two_programs_that_number_their_requests_alike_are_both_heard"
        " consumers/test_triage.py::test_a_broker_that_starts_again_at_offset_0_is_heard_again",
        (TRIAGE, "{decoded.source}\\n{decoded.event_id}", "{decoded.event_id}"),
        (TRIAGE, "[*map(str, message.coordinates), digest[:32]]", "[*map(str, message.coordinates)]"),
    ),
    safeguard(
        "offset rule",
        "offsets follow what PostgreSQL holds",
        f"{INTAKES}offsets_stay_while_the_database_is_away_and_everything_is_planned_when_it_is_back",
        (
            INTAKE,
            '                await reader.rewind()\n                await self._wait("intake.repeated"',
            '                await reader.settle(messages)\n                await self._wait("intake.repeated"',
        ),
    ),
    safeguard(
        "P24",
        "others are looked for after the commit",
        "handlers/runner/test_seeking.py::test_two_newcomers_find_each_other_in_whatever_order_their_steps_come",
        (
            "handlers/runner/seeking.py",
            """            subject = await index_medium(connection, media_id)
        if subject is None:
            return Planned()
        if subject.candidate is None:
            return await self._settle(subject, [], 0, frozenset())
        candidates = await self._find(subject, subject.candidate)
        matches = await self._match(subject.candidate, candidates.media)
""",
            """            subject = await index_medium(connection, media_id)
            if subject is None or subject.candidate is None:
                return Planned()
            candidates = await self._find(subject, subject.candidate)
            matches = await self._match(subject.candidate, candidates.media)
""",
        ),
    ),
    safeguard(
        "P24",
        "both are planned",
        "handlers/runner/test_referees.py::test_an_older_medium_is_told_of_a_copy_that_nobody_has_to_ask_about",
        (
            "handlers/runner/seeking.py",
            "concerned = sorted(others | {subject.media_id})",
            "concerned = [subject.media_id]",
        ),
        ("handlers/runner/seeking.py", "if further := called.difference(concerned):", "if further := set():"),
    ),
)
