"""The inputs as they are read from facts."""

from typing import Any

import pytest
from pydantic import JsonValue

from contracts.facts import MediaFacts, Picture, Written
from handlers.policy.inputs import Reading, foreign_status, read_inputs
from handlers.policy.vocabulary import Value

QUALITY: dict[str, JsonValue] = {
    "status": "ok",
    "grade": "A",
    "score": 0.9,
    "defects": [{"code": "hands", "severity": 0.3}, {"code": "watermark", "severity": 0.6}],
}


def _facts(quality: JsonValue = None, **more: Any) -> MediaFacts:
    meta: dict[str, JsonValue] = dict(more.pop("meta", {}))
    written = dict(more.pop("written", {}))
    if quality is not None:
        meta["ollama.quality"] = quality
        written.setdefault("ollama.quality", Written(quality, "new"))
    return MediaFacts(7, content_hash="new", meta=meta, written=written, **more)


def _read(facts: MediaFacts, name: str) -> Reading:
    return read_inputs(facts, [name])[name]


@pytest.mark.parametrize(
    ("name", "sources"),
    [
        ("quality.status", {"ollama.quality": "ok"}),
        ("quality.grade", {"ollama.quality": "A"}),
        ("quality.score", {"ollama.quality": 0.9}),
        ("quality.worst_defect", {"ollama.quality.defects": 0.6}),
        ("defects.hands", {"ollama.quality.defects": 0.3}),
        ("defects.text", {"ollama.quality.defects": 0.0}),
        ("scores.aesthetic", {}),
        ("nsfw", {}),
    ],
)
def test_what_quality_says(name: str, sources: dict[str, Value]) -> None:
    assert _read(_facts(QUALITY), name) == Reading(sources)


@pytest.mark.parametrize("name", ["quality.status", "quality.score", "defects.hands", "quality.worst_defect"])
@pytest.mark.parametrize(
    "facts",
    [
        _facts(),
        _facts(QUALITY, written={"ollama.quality": Written(QUALITY, "old")}),
        _facts(written={"ollama.quality": Written(QUALITY, "new")}),
        _facts({}),
    ],
    ids=["none", "of other pixels", "deleted", "empty"],
)
def test_what_is_not_there_is_missing(facts: MediaFacts, name: str) -> None:
    assert _read(facts, name) == Reading()


def test_a_persons_quality_counts() -> None:
    facts = _facts(meta={"ollama.quality": {"score": 0.2}}, written={"ollama.quality": Written(QUALITY, "new")})
    assert _read(facts, "quality.score") == Reading({"ollama.quality": 0.2})


@pytest.mark.parametrize(
    ("quality", "name", "unreadable"),
    [
        ("good", "quality.status", "ollama.quality"),
        ("good", "quality.worst_defect", "ollama.quality"),
        ({"status": "fine"}, "quality.status", "ollama.quality.status"),
        ({"score": 7}, "quality.score", "ollama.quality.score"),
        ({"score": True}, "quality.score", "ollama.quality.score"),
        ({"defects": "none"}, "defects.hands", "ollama.quality.defects"),
    ],
)
def test_what_cannot_be_read_is_said_to_be_unreadable(quality: JsonValue, name: str, unreadable: str) -> None:
    assert _read(_facts(quality), name) == Reading({}, (unreadable,))


def test_a_defect_of_unclear_severity_is_a_doubt_beside_the_clear_ones() -> None:
    unclear: JsonValue = {"defects": [{"code": "hands", "severity": None}, {"code": "text", "severity": 0.2}]}
    facts = _facts(unclear)
    place = "ollama.quality.defects"
    assert _read(facts, "defects.hands") == Reading({place: 0.0}, (place,))
    assert _read(facts, "defects.text") == Reading({place: 0.2})
    assert _read(facts, "quality.worst_defect") == Reading({place: 0.2}, (place,))


def test_scores() -> None:
    scores: dict[str, JsonValue] = {"aesthetic": {"score": 0.7}, "fidelity": {"score": None, "level": "no_prompt"}}
    facts = _facts(meta={"ollama.scores": scores})
    assert _read(facts, "scores.aesthetic") == Reading({"ollama.scores.aesthetic": 0.7})
    assert _read(facts, "scores.fidelity") == Reading()
    assert _read(facts, "scores.novelty") == Reading()
    assert _read(_facts(meta={"ollama.scores": [1]}), "scores.novelty") == Reading({}, ("ollama.scores",))


def test_nudity_comes_from_the_flags_and_the_detector() -> None:
    facts = _facts(meta={"scan.nsfw": False, "scan.flags": 7}, picture=Picture(nsfw=0.61234567))
    assert _read(facts, "nsfw") == Reading({"scan.nsfw": 0.0, "detector": 0.6123}, ("scan.flags",))
    assert _read(_facts(picture=Picture()), "nsfw") == Reading()


STATUS = "media.quality_status"


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (_facts(), None),
        (_facts(quality_status="unknown"), None),
        (_facts(quality_status="ok"), "ok"),
        (_facts(quality_status="ok", written={STATUS: Written("ok", "new")}), None),
        (_facts(quality_status="defect", written={STATUS: Written("ok", "new")}), "defect"),
        (_facts(quality_status="ok", written={STATUS: Written("ok", "new")}, meta={"locks": ["quality_status"]}), "ok"),
    ],
)
def test_a_status_that_somebody_else_set(facts: MediaFacts, status: str | None) -> None:
    assert foreign_status(facts) == status


@pytest.mark.parametrize(
    ("quality", "theirs", "reading"),
    [
        ({"status": "ok", "grade": "C"}, None, Reading({"ollama.quality": "ok", "ollama.quality.grade": "review"})),
        ({"status": "ok"}, "defect", Reading({"ollama.quality": "ok", STATUS: "defect"})),
        ({"grade": "C"}, None, Reading({"ollama.quality.grade": "review"})),
        ({"grade": "A"}, None, Reading()),
        ({"status": "review", "grade": "C"}, None, Reading({"ollama.quality": "review"})),
        ({"status": "defect", "grade": "A"}, None, Reading({"ollama.quality": "defect"})),
        (None, "ok", Reading({STATUS: "ok"})),
        ({"status": "ok"}, "gut", Reading({"ollama.quality": "ok"}, (STATUS,))),
    ],
)
def test_a_status_has_several_sources(quality: JsonValue, theirs: str | None, reading: Reading) -> None:
    assert _read(_facts(quality, quality_status=theirs), "quality.status") == reading
