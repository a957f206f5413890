"""Jobs that rest on other media: waiting for what is being found out, and made anew when others changed (30, 31)."""

from dataclasses import replace

from pydantic import JsonValue

from contracts.duplicates import ASKS, Level, Likeness, Member, Pair
from contracts.facts import MediaFacts, Picture, Written
from contracts.verdicts import Status, Verdict
from handlers.chain import Chain
from handlers.duplicates.report import write_report
from handlers.plan import Verdicts, plan
from handlers.stages.duplicate_assist import REPORT, STAGE

CHAIN = Chain((STAGE,))
ME = 5
NEWER = Pair(9, Level.SAME_PICTURE, {"bits": 1}, referee=False, closed=True, pixel_hash="p9", pixels=100)
OLDER = Pair(2, Level.SAME_PICTURE, {"bits": 1}, referee=True, pixel_hash="p2", pixels=100)


def facts(*pairs: Pair, sought: bool = True, report: JsonValue = None, locked: bool = False) -> MediaFacts:
    members = (Member(ME, 100), *(Member(pair.media_id, pair.pixels) for pair in pairs))
    meta: dict[str, JsonValue] = {"locks": "*"} if locked else {}
    written = {}
    if report is not None:
        meta[REPORT], written[REPORT] = report, Written(report, "c")
    likeness = Likeness(sought, pairs, members)
    return MediaFacts(
        ME, mark="m", inspected_mark="m", content_hash="c", picture=Picture(), meta=meta, written=written,
        likeness=likeness,
    )  # fmt: skip


def settled(of: MediaFacts, status: Status = Status.DONE) -> Verdicts:
    """The verdicts once the job has ended on these facts."""
    return {ASKS: replace(plan(CHAIN, of, {})[ASKS], status=status, reason="")}


def reported(*pairs: Pair) -> MediaFacts:
    """Facts whose report is what they give."""
    return facts(*pairs, report={**write_report(ME, facts(*pairs).likeness), "run": 7})


def test_a_medium_that_is_not_sought_yet_waits_and_goes_on_then() -> None:
    waiting = plan(CHAIN, facts(NEWER, sought=False), {})
    assert (waiting[ASKS].status, waiting[ASKS].reason) == (Status.WAITING, "search")
    assert plan(CHAIN, facts(NEWER, sought=False), waiting) == waiting

    assert plan(CHAIN, facts(NEWER), waiting)[ASKS].status is Status.DUE
    assert plan(CHAIN, facts(), waiting)[ASKS].reason == "no_candidates"


def test_a_skipped_job_stays_skipped_while_it_is_found_out() -> None:
    """No event for a search that finds nothing again."""
    skipped = plan(CHAIN, facts(), {})
    assert skipped[ASKS].status is Status.SKIPPED
    assert plan(CHAIN, facts(sought=False), skipped) == skipped


def test_who_is_to_ask_does_not_wait_for_another_who_is() -> None:
    """No two wait for each other: only the newer one is waited for."""
    awaited = replace(NEWER, closed=False, awaited=True)
    assert plan(CHAIN, facts(awaited), {})[ASKS].reason == "referee"
    assert plan(CHAIN, facts(awaited, OLDER), {})[ASKS].status is Status.DUE


def test_a_done_job_is_made_anew_when_others_changed_what_it_would_write() -> None:
    done = settled(facts(NEWER))
    assert plan(CHAIN, reported(NEWER), done) == done

    other = replace(NEWER, level=Level.NEAR)
    renewed = plan(CHAIN, facts(other, report=reported(NEWER).meta[REPORT]), done)[ASKS]
    assert renewed == Verdict(Status.DUE, "neighbours", done[ASKS].fingerprint, done[ASKS].generation + 1)


def test_a_done_job_whose_report_nobody_is_left_for_is_made_anew_once() -> None:
    done = settled(facts(NEWER))
    gone = facts(report=reported(NEWER).meta[REPORT])
    assert plan(CHAIN, gone, done)[ASKS].status is Status.DUE
    told = facts(report=write_report(ME, facts().likeness))
    assert plan(CHAIN, told, settled(gone)) == settled(gone)


def test_a_failed_job_is_not_made_anew_by_others() -> None:
    failed = settled(facts(NEWER), Status.FAILED)
    assert plan(CHAIN, facts(replace(NEWER, level=Level.NEAR)), failed) == failed


def test_a_done_job_asks_nobody_because_of_others() -> None:
    """A new pair that it is to ask about is a new generation by its own right, not one that only others changed."""
    done = settled(facts(NEWER))
    asked = plan(CHAIN, facts(NEWER, OLDER), done)[ASKS]
    assert (asked.status, asked.reason, asked.generation) == (Status.DUE, "", 1)
    same = {ASKS: replace(asked, status=Status.DONE, reason="")}
    assert plan(CHAIN, facts(NEWER, OLDER), same) == same


def test_a_done_job_waits_with_its_renewal_for_a_search_and_a_referee() -> None:
    done = settled(facts(NEWER))
    changed = replace(NEWER, level=Level.NEAR)
    report = reported(NEWER).meta[REPORT]
    for other in (facts(changed, report=report, sought=False), facts(replace(changed, awaited=True), report=report)):
        assert plan(CHAIN, other, done) == done


def test_a_locked_report_is_not_made_anew() -> None:
    done = settled(facts(NEWER))
    locked = facts(replace(NEWER, level=Level.NEAR), report=reported(NEWER).meta[REPORT], locked=True)
    assert plan(CHAIN, locked, done) == done


def test_a_stage_that_reads_no_pairs_is_never_made_anew() -> None:
    class Alone(type(STAGE)):  # type: ignore[misc]
        reads = ()

    chain = Chain((Alone(),))
    done = settled(facts(NEWER))
    assert plan(chain, facts(replace(NEWER, level=Level.NEAR), report=reported(NEWER).meta[REPORT]), done) == done


def test_a_medium_that_somebody_opted_out_is_not_made_anew_because_of_others() -> None:
    done = settled(facts(NEWER))
    changed = facts(replace(NEWER, level=Level.NEAR), report=reported(NEWER).meta[REPORT])

    assert plan(CHAIN, changed, done, barred={ASKS: "opted_out"}) == done
    assert plan(CHAIN, changed, done)[ASKS].status is Status.DUE
