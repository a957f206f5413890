"""Answers are made from the picture, the same in every process, and obey their schema."""

import asyncio
import io
import itertools
import json
import re
from enum import Enum
from typing import Annotated, Any, Literal

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydantic import BaseModel, ConfigDict, Field

from bildwerk.sandbox.simulated_ollama import words
from bildwerk.sandbox.simulated_ollama.looks import look_at
from bildwerk.sandbox.simulated_ollama.requests import Picture
from bildwerk.sandbox.simulated_ollama.schemas import Filler, judge
from bildwerk.sandbox.simulated_ollama.words import language_of
from tests.bildwerk.simulated_ollama.conftest import Server, Start, picture

BOTH = {
    "type": "object",
    "properties": {"title": {"type": "string", "maxLength": 80}, "caption": {"type": "string", "maxLength": 300}},
    "required": ["title", "caption"],
    "additionalProperties": False,
}


async def answer(server: Server, text: str, *shown: str, **more: Any) -> dict[str, Any]:
    """The decoded answer."""
    body = (await server.ask(text, *shown, format=BOTH, **more)).json()
    assert body["done_reason"] == "stop"
    found: dict[str, Any] = json.loads(body["message"]["content"])
    return found


async def test_the_same_picture_gets_the_same_answer_from_every_process(start: Start) -> None:
    """Two processes, two poses, one answer."""
    servers = [await start(), await start("--pose", "0.13.5")]
    shown = picture((40, 90, 160))
    answers = [await answer(server, "Describe it.", shown) for server in servers for _ in range(2)]
    assert all(found == answers[0] for found in answers)


async def test_pictures_a_little_different_get_different_captions(start: Start) -> None:
    """A hundred pictures that differ by a shade or a size."""
    server = await start("--slots", "8")
    shades = [picture((4 * n, 80, 250 - 4 * n)) for n in range(60)]
    sizes = [picture(size=(200 + n, 200)) for n in range(40)]
    found = await asyncio.gather(*(answer(server, "Describe it.", shown) for shown in shades + sizes))
    captions = [entry["caption"] for entry in found]
    assert len(set(captions)) == 100
    assert all(len(entry["title"].split()) <= 8 for entry in found)
    assert not any(entry["title"].endswith(".") for entry in found)
    openers = ("the image", "this image", "the picture", "a picture of", "an image")
    assert not any(caption.lower().startswith(openers) for caption in captions)


async def test_answers_tell_what_is_to_be_seen(start: Start) -> None:
    """Colours, light and shape, in English and in German; a text in the file is quoted."""
    server = await start()
    wide = await answer(server, "Describe it.", picture((200, 100, 20), (400, 200)))
    assert wide["caption"].startswith("A panoramic picture in warm orange")
    assert "bright in the upper half" in wide["caption"]
    german = await answer(server, "Describe it. Answer in German.", picture((20, 60, 200), (200, 300)))
    assert german["caption"].startswith("Ein hohes Bild in kühlen Blau- und Hellblautönen, oben am hellsten")
    assert german["title"] == "Blau und Hellblau, oben hell, ruhige Flächen"
    info = PngInfo()
    info.add_text("Description", "a castle on a hill")
    marked = await answer(server, "Describe it.", picture(kind="PNG", pnginfo=info))
    assert 'marked "a castle on a hill"' in marked["caption"]


async def test_properties_are_alphabetical_on_the_native_chat_path_only(start: Start) -> None:
    """As Ollama re-marshals the schema there; elsewhere the schema's order stands."""
    orders = {}
    for path in ("native", "rendered"):
        server = await start("--prompt-path", path)
        orders[path] = list(await answer(server, "Describe it."))
        body = {"model": "bildwerk-simulated", "prompt": "x", "format": BOTH, "stream": False}
        generated = (await server.ollama.post("/api/generate", json=body)).json()
        assert list(json.loads(generated["response"])) == ["title", "caption"]
    assert orders == {"native": ["caption", "title"], "rendered": ["title", "caption"]}


async def test_a_stream_says_the_same_as_a_reply(start: Start) -> None:
    """Its lines' texts put together are the whole answer; the last line has the metrics."""
    server = await start()
    whole = (await server.ask("Describe it.", picture())).json()
    stream = await server.ask("Describe it.", picture(), stream=True)
    streamed = [json.loads(line) for line in stream.text.splitlines()]
    assert "".join(line["message"]["content"] for line in streamed) == whole["message"]["content"]
    assert [line["done"] for line in streamed] == [False] * (len(streamed) - 1) + [True]
    assert streamed[-1]["eval_count"] == whole["eval_count"] == len(streamed)


async def test_the_limit_of_tokens_cuts_the_answer(start: Start) -> None:
    """`num_predict` is kept, and told."""
    server = await start()
    body = (await server.ask("Describe it.", picture(), options={"num_predict": 3})).json()
    assert (body["done_reason"], body["eval_count"]) == ("length", 3)


def test_the_language_is_the_one_asked_for() -> None:
    """The last language named wins; a mention of German is enough."""
    assert language_of("Describe it.") == "en"
    assert language_of("You write German captions.") == "de"
    assert language_of("Antworte auf Deutsch.") == "de"
    assert language_of("The caption is in German. Answer in English.") == "en"


class Kind(Enum):
    """An enum, to be a $def."""

    PHOTO = "photo"
    DRAWING = "drawing"


class Part(BaseModel):
    """A nested object."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=3, max_length=12)]
    score: Annotated[float, Field(ge=0, le=1)]


class Everything(BaseModel):
    """One of each kind of property."""

    model_config = ConfigDict(extra="forbid", strict=False)
    caption: Annotated[str, Field(min_length=20, max_length=60)]
    kind: Kind
    mood: Literal["calm", "lively"]
    constant: Literal[7]
    parts: Annotated[list[Part], Field(min_length=2, max_length=4)]
    tags: Annotated[list[str], Field(min_length=5, max_length=6)]
    note: str | None
    sharp: bool
    rating: Annotated[int, Field(gt=0, lt=6)]
    nothing: None


def fill(schema: dict[str, Any]) -> Any:
    """A schema filled without a picture."""
    assert judge(schema) == "fit"
    return Filler(None, "en", schema).fill(schema)


def test_a_rich_schema_is_obeyed() -> None:
    """Pydantic, which made the schema, takes the answer."""
    found = fill(Everything.model_json_schema())
    Everything.model_validate_json(json.dumps(found))


class Tree(BaseModel):
    """A schema without an end."""

    model_config = ConfigDict(extra="forbid")
    branches: list["Tree"] = []
    best: "Tree | None" = None


def test_a_recursive_schema_comes_to_an_end() -> None:
    """Deep down only what is required is there."""
    Tree.model_validate(fill(Tree.model_json_schema()))


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 8), st.integers(0, 8))
def test_bounds_are_kept(least: int, more: int, few: int, extra: int) -> None:
    """Lengths of strings and arrays, and the range of integers."""
    text = fill({"type": "string", "minLength": least, "maxLength": least + more})
    assert least <= len(text) <= least + more
    items = fill({"type": "array", "items": {"type": "string"}, "minItems": few, "maxItems": few + extra})
    assert few <= len(items) <= few + extra
    assert len(set(items)) == len(items)
    assert least <= fill({"type": "integer", "minimum": least, "maximum": least + more}) <= least + more


def test_schemas_that_servers_do_not_take() -> None:
    """A node of no type, an unknown type, a pattern that is not anchored: bad; a foreign reference leaves all open."""
    bad: list[dict[str, Any]] = [
        {"type": "bogus"}, {"title": "X"}, {"type": "string", "pattern": "("},
        {"type": "object", "properties": {"a": {"title": "Any"}}},
    ]  # fmt: skip
    assert [judge(schema) for schema in bad] == ["bad"] * 4
    assert judge({"$ref": "https://example.invalid/x.json"}) == "open"


def test_every_colour_has_a_german_name() -> None:
    """Of every colour a flat picture is made, and described in German."""
    english = {"red", "green", "grey", "blue", "black", "white", "dark", "light", "violet", "pink", "brown"}
    for colour in itertools.product((0, 60, 128, 190, 255), repeat=3):
        flat = Image.new("RGB", (8, 8), colour)
        look = look_at(Picture(str(colour), flat_png(flat)))
        told = words.caption(look, "de")
        assert not english & set(re.findall(r"[a-z]+", told)), told


def flat_png(image: Image.Image) -> bytes:
    """The image as PNG."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
