"""J5: whom it asks about, and what it leaves alone."""

from contracts.duplicates import CROWD, FLAT_PICTURE, Better, Level, Likeness, Opinion, Pair, Relation
from contracts.effects import PutMeta, PutOpinions
from contracts.facts import MediaFacts, Written
from handlers.duplicates.report import write_report
from handlers.stage import Awaiting, Due, Impossible
from handlers.stages.duplicate_assist import REPORT, DuplicateAssistStage

STAGE = DuplicateAssistStage()


def pair(other: int = 3, **changes: object) -> Pair:
    fields = {"level": Level.NEAR, "evidence": {"bits": 2}, "referee": other < 7, "path": "a.jpg", "content_hash": "c"}
    return Pair(other, **{**fields, **changes})  # type: ignore[arg-type]


def facts(*pairs: Pair, **changes: object) -> MediaFacts:
    return MediaFacts(7, likeness=Likeness(sought=True, pairs=pairs), **changes)  # type: ignore[arg-type]


def test_it_waits_until_others_were_looked_for() -> None:
    assert STAGE.condition(MediaFacts(7)) == Awaiting("search")
    assert STAGE.condition(facts()) == Impossible("no_candidates")
    assert STAGE.condition(facts(pair())) == Due()
    assert STAGE.condition(facts(pair(9, awaited=True))) == Awaiting("referee")


def test_a_search_that_may_have_missed_some_says_why() -> None:
    for limit in (FLAT_PICTURE, CROWD):
        likeness = Likeness(sought=True, limits=(limit,))
        assert STAGE.condition(MediaFacts(7, likeness=likeness)) == Impossible(limit)
        assert write_report(7, likeness)["hints"] == [limit]


def test_what_was_said_of_a_picture_that_can_no_longer_be_read_is_emptied_unless_it_is_a_person_s() -> None:
    said = write_report(7, Likeness(pairs=(pair(closed=True),)))
    ours = {"meta": {REPORT: said}, "written": {REPORT: Written(said, "c")}}
    gone = facts(unreadable="missing_file", **ours)
    assert STAGE.condition(gone) == Due()
    assert STAGE.decide(gone) == (PutMeta(REPORT, write_report(7, Likeness())),)
    assert STAGE.condition(facts(unreadable="missing_file")) == Impossible("unreadable_picture")
    assert STAGE.condition(facts(unreadable="missing_file", meta={REPORT: said})) == Impossible("unreadable_picture")
    locked = {**ours, "meta": {REPORT: said, "locks": "*"}}
    assert STAGE.condition(facts(unreadable="missing_file", **locked)) == Impossible("unreadable_picture")


def test_those_whom_a_person_told_apart_are_nobody_to_tell_of() -> None:
    apart = pair(level=Level.TOLD, closed=True, decision=False)
    unrelated = pair(4, closed=True, opinion=Opinion(Relation.UNRELATED, Better.NEITHER, "Other."))
    assert STAGE.condition(facts(apart, unrelated)) == Impossible("no_candidates")
    assert STAGE.condition(facts(apart, pair(5, closed=True))) == Due()


def test_a_model_that_takes_one_picture_is_never_asked_and_the_pairs_are_closed() -> None:
    stage = DuplicateAssistStage(room=0)
    effects = stage.decide(facts(pair()))
    assert effects is not None
    opinions, report = effects
    assert opinions == PutOpinions({3: None})
    assert isinstance(report, PutMeta)
    assert report.key == REPORT
    assert STAGE.decide(facts(pair())) is None


def test_force_asks_again_but_never_what_a_person_decided() -> None:
    closed, decided = pair(closed=True), pair(4, decision=True)
    assert STAGE.decide(facts(closed, decided)) is not None
    again = facts(closed, decided, forced=frozenset({STAGE.job_type}))
    assert STAGE.decide(again) is None
    assert [one.path for one in STAGE.prompt(again).companions] == ["a.jpg"]
