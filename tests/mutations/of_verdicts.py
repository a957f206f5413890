"""Safeguards of verdicts: P9 to P16, P26."""

from tests.mutations.safeguard import Safeguard, safeguard

PLAN, CHAIN = "handlers/plan.py", "handlers/chain.py"
LOOK = "    if verdict.status in (Status.DONE, Status.FAILED):  # 7\n"
AGAIN = """    if any(current[upstream].generation > verdict.generation for upstream in chain.upstreams[name]):
        verdict = Verdict(Status.WAITING, "", verdict.fingerprint, verdict.generation + 1)
"""
PURE = "handlers/test_plan.py::test_"

VERDICTS: tuple[Safeguard, ...] = (
    safeguard(
        "P9",
        "the content hash in every fingerprint",
        f"row:6-it_was_done_with_other_pixels {PURE}the_fingerprint_ignores_what_a_touch_changes",
        (PLAN, "orjson.dumps([stage.job_type, picture, ", "orjson.dumps([stage.job_type, "),
    ),
    safeguard(
        "P9",
        "the mark in no fingerprint",
        f"{PURE}the_fingerprint_ignores_what_a_touch_changes",
        (PLAN, "orjson.dumps([stage.job_type, picture, ", "orjson.dumps([stage.job_type, picture, facts.mark, "),
    ),
    safeguard(
        "P10",
        "a generation more for another fingerprint",
        f"row:6-it_failed_with_another_trigger {PURE}other_pixels_and_back_are_three_generations",
        (
            PLAN,
            'Status.WAITING, "", fingerprint, verdict.generation + 1',
            'Status.WAITING, "", fingerprint, verdict.generation',
        ),
    ),
    safeguard(
        "P10",
        "a generation more for a force",
        "row:13-it_is_done_and_forced order:finish_and_force",
        (
            PLAN,
            "verdict.fingerprint, verdict.generation + 1, forced=True",
            "verdict.fingerprint, verdict.generation, forced=True",
        ),
    ),
    safeguard(
        "P11",
        "what was skipped is asked again",
        f"row:10-it_was_skipped_and_is_due {PURE}skipped_asks_again_when_its_upstream_was_retried",
        (PLAN, LOOK, LOOK.replace("Status.FAILED)", "Status.FAILED, Status.SKIPPED)")),
    ),
    safeguard(
        "P11",
        "what is done stands",
        "row:7-it_is_done_and_planned_again",
        (PLAN, LOOK, LOOK.replace("Status.DONE, ", "")),
    ),
    safeguard(
        "P12",
        "who comes after is closed transitively",
        "row:2-an_upstream_of_an_upstream_is_open",
        (CHAIN, "frozenset(stage.after).union(*(closed[name] for name in stage.after))", "frozenset(stage.after)"),
    ),
    safeguard(
        "P13",
        "force overrides Satisfied",
        "row:4-it_is_satisfied_and_forced",
        (
            PLAN,
            "return _make_due(verdict) if verdict.forced else _skip(verdict, reason)",
            "return _skip(verdict, reason)",
        ),
    ),
    safeguard(
        "P13",
        "a force is cleared at the end",
        "row:18-its_answer_is_good row:21-it_was_tried_often_enough",
        ("handlers/runner/settling.py", "reason=reason, forced=False, attempt=0", "reason=reason, attempt=0"),
    ),
    safeguard(
        "P13",
        "a force of a medium that is not there yet is kept",
        "consumers/test_missing.py::test_a_force_for_a_medium_that_is_not_there_yet_is_kept",
        (
            PLAN,
            "    if not facts.exists:\n        return current\n",
            "    if not facts.exists:\n        return verdicts\n",
        ),
    ),
    safeguard(
        "P14",
        "attempt and moment survive a plan",
        "row:11-it_is_due_and_tried_already",
        (PLAN, '        return verdict\n    reason = "forced"', '        pass\n    reason = "forced"'),
    ),
    safeguard(
        "P15",
        "events by comparing with what was before the transaction",
        "row:18-its_answer_is_good",
        (
            "handlers/runner/planning.py",
            "return self.draft(replace(snapshot, known=known), ",
            "return self.draft(replace(snapshot, known=known, verdicts=settled), ",
        ),
    ),
    safeguard(
        "P16",
        "nobody runs again because an upstream did",
        f"row:7-it_is_done_and_its_upstream_is_done_again {PURE}done_is_not_done_again_because_its_upstream_is",
        (PLAN, LOOK, AGAIN + LOOK),
    ),
    safeguard(
        "P26",
        "what is chosen is looked at in every plan",
        "row:32-it_is_not_to_be_done",
        (PLAN, "    if name in barred:  # 32\n", "    if name in barred and verdict.fingerprint is None:\n"),
    ),
)
