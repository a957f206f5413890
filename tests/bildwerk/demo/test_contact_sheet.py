"""The contact sheet: every word from outside is escaped, what is simulated is labelled, what failed says why."""

from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from pydantic import JsonValue

from bildwerk.demo.contact_sheet import Sheet, render, write_sheet
from bildwerk.demo.pictures import CREDITS
from bildwerk.demo.verdicts import Badge, read_policy
from contracts.tags import Tag
from db.reads import Print
from tests.handlers.stages.generated_facts import values

SHOT = Print(
    media_id=7, path="2024/a.jpg", content_hash="f1", width=640, height=480, title="A cat", caption="A cat on a mat.",
    description="It sleeps.", unreadable=None, failed=None, seconds=1.25, tokens=321, model="llava:7b",
)  # fmt: skip
JUDGED = replace(
    SHOT,
    quality={
        "status": "review", "grade": "B", "score": 0.71,
        "defects": [
            {"code": "low_contrast", "severity": 0.4, "place": "whole", "evidence": "8 levels", "source": "measured"},
            {"code": "hands", "severity": None, "place": "left", "evidence": "six fingers", "source": "model"},
        ],
    },
    scores={
        "aesthetic": {"score": 0.75, "level": "good", "basis": "Calm light."},
        "compliance": {"score": 0.25, "level": "good", "basis": "A stamp."},
        "fidelity": {"score": None, "level": "no_prompt", "basis": ""},
    },
    policy={
        "publishable": False, "needs_review": True, "blocked_reason": None,
        "flags": [{
            "rule": "nsfw", "outcome": "review", "reason": "it may show nudity", "inputs": {"nsfw": {"scan.nsfw": 0.5}},
            "missing": ["scores.novelty"], "unreadable": ["scan.flags"], "conflict": True,
        }],
    },
)  # fmt: skip
SHEET = Sheet([SHOT], {7: b"\xff\xd8"}, "en", "llava:7b", timedelta(seconds=4.2))


class Page(HTMLParser):
    """What a browser would make of the page: elements with attributes, and the words between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def find(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every such element."""
        return [attributes for name, attributes in self.elements if name == tag]


def test_a_picture_has_its_words_and_cost() -> None:
    page = Page(render(SHEET))

    assert page.find("img") == [{"src": "thumbnails/7.jpg", "alt": "A cat on a mat.", "loading": "lazy"}]
    for words in ("A cat", "A cat on a mat.", "It sleeps.", "2024/a.jpg · 640 × 480 · 1.2 s · 321 tokens"):
        assert words in page.words
    assert "1 of 1 pictures described by llava:7b in 4.2 s" in page.words


TAGGED = replace(
    SHOT,
    tags=(Tag("NASA", locked=True), Tag("cat", 0.9, 0.75, ours=True), Tag("Dog")),
    prompt={"prompt": "a cat, oil", "negative_prompt": "text", "source": "model", "confidence": 0.7},
    history=("a cat, oil",),
)


def test_tags_show_whose_they_are_and_what_they_weigh() -> None:
    page = Page(render(replace(SHEET, prints=[TAGGED])))

    assert page.find("li")[:3] == [
        {"class": "tag locked", "style": "--about: 0.50", "title": "there before, locked"},
        {"class": "tag ours", "style": "--about: 0.75", "title": "ours, confidence 0.90, weight 0.75"},
        {"class": "tag", "style": "--about: 0.50", "title": "there before"},
    ]
    assert "NASA locked" in page.words
    assert [span["class"] for span in page.find("span")] == ["tag ours", "tag", "tag locked"], "they are explained"
    assert Page(render(SHEET)).find("span") == [], "where there are some"


def test_a_prompt_shows_its_source_and_whether_it_was_kept() -> None:
    kept = Page(render(replace(SHEET, prints=[TAGGED])))
    doubtful = Page(render(replace(SHEET, prints=[replace(TAGGED, history=("a cat",))])))

    assert (kept.find("blockquote"), doubtful.find("blockquote")) == ([{"class": "kept"}], [{"class": "doubtful"}])
    for page in (kept, doubtful):
        for words in ("a cat, oil", "without: text", "Prompt, reconstructed, confidence 0.70: "):
            assert words in page.words
    assert ": kept in prompt_history" in kept.words
    assert ": not in prompt_history" in doubtful.words
    assert Page(render(SHEET)).find("blockquote") == []


def test_words_from_outside_stay_words() -> None:
    evil = '"><script>alert(1)</script>&amp;'
    shot = replace(SHOT, title=evil, caption=evil, description=evil, path=evil)
    plain, page = Page(render(SHEET)), Page(render(replace(SHEET, prints=[shot], model=evil)))

    assert [name for name, _ in page.elements] == [name for name, _ in plain.elements]
    assert page.find("img")[0]["alt"] == evil
    assert page.words.count(evil) == 5


def test_what_was_judged_is_shown() -> None:
    page = Page(render(replace(SHEET, prints=[JUDGED])))

    assert [item["class"] for item in page.find("li")[:2]] == ["care", "care"]
    assert [meter["value"] for meter in page.find("meter")] == ["0.75", "0.25"]
    assert page.find("tr")[0] == {"title": "Calm light."}
    assert page.find("tr")[1] == {"title": "A stamp. The model says good, but what is known allows no more."}
    for words in (
        "quality review · B · 0.71", "needs review", "2 defects", "low contrast 0.40 (measured): 8 levels",
        "hands unclear left (model): six fingers", "limited", "no prompt", "1 flag",
        ("nsfw, review: it may show nudity (nsfw is 0.5; nothing is known of scores.novelty; "
        "cannot be read: scan.flags; sources disagree)"),
    ):  # fmt: skip
        assert words in page.words


def test_judgements_are_words_too() -> None:
    evil = '"><script>alert(1)</script>&amp;'
    defect: dict[str, JsonValue] = {"code": evil, "severity": 0.5, "place": evil, "evidence": evil, "source": evil}
    flag: dict[str, JsonValue] = {
        "rule": evil,
        "outcome": evil,
        "reason": evil,
        "inputs": {evil: {"a": evil}},
        "missing": [evil],
    }
    shot = replace(
        SHOT,
        quality={"status": evil, "grade": evil, "score": 0.5, "defects": [defect]},
        scores={"aesthetic": {"score": 0.5, "level": evil, "basis": evil}},
        policy={"blocked_reason": evil, "flags": [flag]},
        tags=(Tag(evil),),
        prompt={"prompt": evil, "negative_prompt": evil, "source": "embedded", "generator": evil},
    )
    page = Page(render(replace(SHEET, prints=[shot])))

    assert page.find("script") == []
    assert page.find("tr")[0] == {"title": evil}
    assert page.words.count(evil) == 18


@given(values, values, values)
def test_whatever_stands_there_is_no_reason_to_fail(quality: Any, scores: Any, policy: Any) -> None:
    render(replace(SHEET, prints=[replace(SHOT, quality=quality, scores=scores, policy=policy, prompt=quality)]))
    odd = {"defects": [quality], "status": scores, "score": policy}
    flags = {"flags": [scores, {"inputs": quality, "missing": policy}], "blocked_reason": quality}
    axes = {"novelty": quality, "aesthetic": {"score": scores, "basis": policy}}
    render(replace(SHEET, prints=[replace(SHOT, quality=odd, scores=axes, policy=flags)]))


@pytest.mark.parametrize(
    ("policy", "words", "tone"),
    [
        ({"publishable": True, "needs_review": False, "blocked_reason": None}, "publishable", "good"),
        ({"publishable": True, "needs_review": True, "blocked_reason": None}, "needs review", "care"),
        ({"publishable": False, "needs_review": True, "blocked_reason": "some_rule"}, "blocked: some rule", "bad"),
        ({"publishable": False, "needs_review": False, "blocked_reason": None}, "not publishable", "bad"),
    ],
)
def test_the_strictest_word_is_shown(policy: dict[str, Any], words: str, tone: str) -> None:
    assert read_policy(policy) == Badge(words, tone)  # type: ignore[arg-type]


def test_a_page_needs_nothing_from_elsewhere() -> None:
    page = Page(render(SHEET))

    assert page.find("link") == page.find("script") == []
    assert "url(" not in page.words


def test_simulated_words_are_labelled() -> None:
    assert "Simulated model" in render(replace(SHEET, simulated=True))
    assert "Simulated model" not in render(SHEET)


def test_what_has_no_words_says_why() -> None:
    bare = replace(SHOT, title=None, caption=None, description=None)
    unreadable = render(replace(SHEET, prints=[replace(bare, unreadable="empty_file")], thumbnails={}))
    failed = render(replace(SHEET, prints=[replace(bare, failed="refusal, timeout")]))

    assert "No picture: the file is empty." in unreadable
    assert "<img" not in unreadable
    assert "Failed: the model refused, there was no answer in time." in failed
    assert "0 of 1 pictures" in failed


def test_whom_to_thank_is_named() -> None:
    page = Page(render(replace(SHEET, thanks=CREDITS)))

    for credit in CREDITS:
        assert credit.author in page.words
        assert credit.source in [link["href"] for link in page.find("a")]


def test_the_page_and_its_thumbnails_are_written(tmp_path: Path) -> None:
    page = write_sheet(SHEET, tmp_path / "out")

    assert page.read_text("utf-8") == render(SHEET)
    assert (tmp_path / "out" / "thumbnails" / "7.jpg").read_bytes() == b"\xff\xd8"
