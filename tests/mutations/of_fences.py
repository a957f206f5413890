"""Safeguards of reading, fencing and leasing: P1 to P8, P22, P23, P25."""

from typing import Final

from tests.mutations.safeguard import Safeguard, safeguard

FINISHING, ASKING = "handlers/runner/finishing.py", "handlers/runner/asking.py"
LEASES, LEDGER, FACTS, PURGE = (f"db/sql/{name}.sql" for name in ("leases", "ledger", "facts", "purge"))
EFFECTS: Final = "db/sql/effects.sql"
MARK = "bildwerk.source_mark({media.path of m}, {media.updated_at of m}, {media.hash of m}) = $4"
STATUS = (
    "(coalesce({media.quality_status of m}, 'unknown') = 'unknown' OR {media.quality_status of m} = $3::text)\n    AND "
)
SCORE = "{media.quality_score of m} = $3::real)\n    AND "
HEART = "leases.py::test_heartbeat_and_release_of_a_former_owner_do_nothing"

FENCES: tuple[Safeguard, ...] = (
    safeguard(
        "P1",
        "the lock is a statement of its own",
        "order:completion_and_completion",
        (LEDGER, "WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE", "WHERE id = ANY($1::bigint[]) ORDER BY id"),
        (
            FACTS,
            "WHERE m.id = ANY($1::bigint[])\n)\n-- part tags",
            "WHERE m.id = ANY($1::bigint[]) ORDER BY m.id FOR UPDATE OF m\n)\n-- part tags",
        ),
    ),
    safeguard(
        "fence",
        "the lease number in the fence",
        "row:23-its_lease_is_somebody_elses order:finish_and_finish_of_the_next_owner",
        (LEASES, "WHERE id = $1 AND lease_no = $2 AND owner IS", "WHERE id = $1 AND $2::bigint > 0 AND owner IS"),
    ),
    safeguard(
        "fingerprint check",
        "P2: the facts are read again and hashed",
        "row:24-its_trigger_moved_and_nobody_planned_since",
        (FINISHING, "            and take_fingerprint(job.stage, snapshot.facts) == job.fingerprint\n", ""),
    ),
    safeguard(
        "P2",
        "fingerprint and generation in the fence",
        "row:24-its_trigger_moved_and_nobody_planned_since row:24-it_was_forced_meanwhile order:finish_and_new_pixels",
        (FINISHING, "            and verdict.generation == job.generation\n", ""),
        (FINISHING, "            and verdict.fingerprint == job.fingerprint\n", ""),
        (FINISHING, "            and take_fingerprint(job.stage, snapshot.facts) == job.fingerprint\n", ""),
        (ASKING, "if await self.pictures.hash(facts.path) == facts.content_hash:", "if facts.path:"),
    ),
    safeguard(
        "P3",
        "status = due in the fence",
        "row:24-it_was_settled_before order:finish_and_finish_again",
        (FINISHING, "            and verdict.status is Status.DUE\n", ""),
    ),
    safeguard(
        "P3",
        "terminal upstreams in the fence",
        "row:24-its_upstream_was_forced_under_another_mark",
        (FINISHING, "all(verdicts.get(name, Verdict()).status.terminal for name", "all(name for name"),
    ),
    safeguard(
        "P4",
        "the hash of the bytes that are sent",
        "handlers/inspect/test_pool.py::test_m19_a_file_with_other_bytes_gives_no_rendition",
        (
            "handlers/inspect/pool.py",
            'if answer.read_source()["content_hash"] != content_hash:',
            "if not content_hash:",
        ),
        ("handlers/inspect/child.py", 'wanted in {"yes", source["content_hash"]}', "bool(wanted)"),
    ),
    safeguard(
        "P5",
        "a moved mark is accepted when the bytes are the same",
        "order:finish_and_new_pixels"
        " handlers/runner/test_medium.py::test_a_picture_replaced_during_the_call_is_looked_at_anew",
        (ASKING, "if await self.pictures.hash(facts.path) == facts.content_hash:", "if facts.path:"),
    ),
    safeguard(
        "P6",
        "the inspector stores only under the mark that it read",
        "consumers/test_inspector.py::test_a_mark_that_moves_while_the_picture_is_read_is_inspected_anew",
        ("consumers/inspector.py", "if not await inspections.is_current(connection, medium):", "if not medium.mark:"),
    ),
    safeguard(
        "P6",
        "our own write only under the inspected mark",
        "handlers/runner/test_quality.py::test_a_row_touched_while_we_write_is_looked_at_again",
        (EFFECTS, STATUS + MARK, STATUS + "$4::text IS NOT NULL"),
        (EFFECTS, SCORE + MARK, SCORE + "$4::text IS NOT NULL"),
    ),
    safeguard(
        "P7",
        "verdicts stay until a new mark is inspected",
        "row:12-it_is_due_under_another_mark",
        ("handlers/plan.py", "    if not facts.inspected:\n", "    if facts.mark is None:\n"),
    ),
    safeguard(
        "P8",
        "heartbeat and release carry the lease number",
        f"db/test_{HEART} order:claim_and_heartbeat_of_an_expired_lease order:claim_and_release_of_an_expired_lease",
        (LEASES, "ON l.id = m.id AND l.lease_no = m.lease_no", "ON l.id = m.id"),
        (LEASES, "until = NULL WHERE id = $1 AND lease_no = $2", "until = NULL WHERE id = $1 AND $2::bigint > 0"),
    ),
    safeguard(
        "P8",
        "no look at until in the fence",
        "handlers/runner/test_finishing.py::test_an_expired_lease_that_nobody_took_still_finishes",
        (LEASES, "AND owner IS NOT NULL AND deleted_at IS NULL", "AND until > now() AND deleted_at IS NULL"),
    ),
    safeguard(
        "P22",
        "no purge under an unexpired lease",
        "consumers/test_purge.py::test_nothing_is_purged_under_a_lease",
        (PURGE, "        AND (owner IS NULL OR until < now())\n", ""),
    ),
    safeguard(
        "P22",
        "a tombstone's lease number goes on, and no fingerprint fits it",
        "row:28-what_was_kept_of_it_is_forgotten row:29-it_was_done_and_its_medium_is_back_after_a_purge",
        (PURGE, "lease_no = m.lease_no + 1, owner = NULL", "owner = NULL"),
        (PURGE, "SET fingerprint = 'purged', last_error = NULL", "SET last_error = NULL"),
    ),
    safeguard(
        "lock order",
        "P23: a plan locks media sorted",
        "ledger_rules/test_lock_order.py::test_a_heartbeat_and_a_plan_of_the_same_media_wait_for_each_other[heartbeat]",
        (
            LEDGER,
            "WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE",
            "WHERE id = ANY($1::bigint[]) ORDER BY id DESC FOR UPDATE",
        ),
    ),
    safeguard(
        "P23",
        "the heartbeat locks media sorted",
        "ledger_rules/test_lock_order.py::test_a_heartbeat_and_a_plan_of_the_same_media_wait_for_each_other[plan]",
        (LEASES, "ORDER BY m.id FOR NO KEY UPDATE OF m", "ORDER BY m.id DESC FOR NO KEY UPDATE OF m"),
    ),
    safeguard(
        "P25",
        "lost leases are counted at the claim",
        "row:17-its_worker_dies handlers/runner/test_finishing.py"
        "::test_lost_leases_are_counted_at_the_claim_and_forgotten_at_a_finish",
        (LEASES, "lost = m.lost + (m.owner IS NOT NULL)::integer", "lost = m.lost"),
    ),
    safeguard(
        "P25",
        "lost leases are forgotten at a finish",
        "row:18-its_answer_is_good",
        (FINISHING, "        if job.lease.lost:\n", "        if not job.lease:\n"),
    ),
)
