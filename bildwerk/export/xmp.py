"""XMP sidecars: what other programs read of a picture, sealed so that we know our own again. Pure."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from xml.etree import ElementTree as ET

from bildwerk.export.record import Record, Value, describe
from handlers.scores.anchors import ANCHORS

OURS: Final = "urn:bildwerk:sidecar:1#"
X: Final = "adobe:ns:meta/"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC: Final = "http://purl.org/dc/elements/1.1/"
XMP: Final = "http://ns.adobe.com/xap/1.0/"
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_UNSEALED: Final = "0" * 64
_SEAL: Final = re.compile(rb'(?<= bildwerk:digest=")[0-9a-f]{64}(?=")')
_OF: Final = re.compile(rb' bildwerk:of="([0-9a-f]{64})"')
_NOT_XML: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 can hold, not even escaped."""

for _prefix, _uri in {"x": X, "rdf": RDF, "dc": DC, "xmp": XMP, "bildwerk": OURS}.items():
    ET.register_namespace(_prefix, _uri)


Text = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Properties:
    """What a sidecar tells: `subject` are tags, `rating` is 1 to 5; texts with their language, if that is known."""

    title: Text | None = None
    description: Text | None = None
    subject: tuple[str, ...] = ()
    rating: int | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell."""
        return self == Properties()


def list_properties(record: Record, *, rating: bool) -> Properties:
    """What a sidecar tells of the medium: nothing that was made from other pixels than there are now."""
    subject = tuple(dict.fromkeys(name for tag in record.tags if (name := clean(tag.name).strip())))
    return Properties(_say(record.title), _say(describe(record)), subject, rate(record.scores) if rating else None)


def rate(scores: Value | None) -> int | None:
    """The stars of the aesthetic score, each around the anchor of a level: 1 is bad, 5 is excellent."""
    if scores is None or scores.held_by == "stale" or not isinstance(scores.value, dict):
        return None
    axis = scores.value.get("aesthetic")
    score = axis.get("score") if isinstance(axis, dict) else None
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
        return None
    anchors = sorted(ANCHORS.values())
    return 1 + sum(score >= (low + high) / 2 for low, high in pairwise(anchors))


def clean(text: str) -> str:
    """The text without what XML cannot hold; all line ends are line feeds."""
    return _NOT_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def write_sidecar(properties: Properties, picture: str) -> bytes:
    """The sidecar of the picture with that file name; the same properties give the same bytes."""
    root = ET.Element(f"{{{X}}}xmpmeta", {f"{{{X}}}xmptk": "bildwerk"})
    about = ET.SubElement(
        ET.SubElement(root, f"{{{RDF}}}RDF"),
        f"{{{RDF}}}Description",
        {f"{{{RDF}}}about": "", f"{{{OURS}}}of": _hash(picture), f"{{{OURS}}}digest": _UNSEALED},
    )
    for name, text in (("title", properties.title), ("description", properties.description)):
        if text is not None:
            _add_list(about, name, "Alt", _list_languages(*text))
    if properties.subject:
        _add_list(about, "subject", "Bag", ((name, None) for name in properties.subject))
    if properties.rating is not None:
        ET.SubElement(about, f"{{{XMP}}}Rating").text = str(properties.rating)
    ET.indent(root, " ")
    written = ET.tostring(root, "unicode")
    return _seal(f'<?xml version="1.0" encoding="UTF-8"?>\n{written}\n'.encode())


def is_ours(sidecar: bytes) -> bool:
    """Whether we wrote this, and every byte of it is still as we wrote it."""
    return _SEAL.search(sidecar) is not None and _seal(sidecar) == sidecar


def is_of(sidecar: bytes, picture: str) -> bool:
    """Whether one of ours was written for the picture with that file name."""
    found = _OF.search(sidecar)
    return found is not None and found[1].decode() == _hash(picture)


# Both attributes stand before any text: what a caption quotes of them is never the first.
def _seal(sidecar: bytes) -> bytes:
    blank = _SEAL.sub(_UNSEALED.encode(), sidecar, count=1)
    return _SEAL.sub(hashlib.sha256(blank).hexdigest().encode(), blank, count=1)


def _hash(picture: str) -> str:
    return hashlib.sha256(picture.encode("utf-8", "surrogateescape")).hexdigest()


def _say(value: Value | None) -> Text | None:
    text = clean(value.text or "") if value is not None else ""
    return (text, value.language) if value is not None and text.strip() else None


def _list_languages(text: str, language: str | None) -> Iterable[Text]:
    """For everybody, and for those who look for the language."""
    yield text, "x-default"
    if language:
        yield text, language


def _add_list(about: ET.Element, name: str, kind: str, items: Iterable[Text]) -> None:
    entries = ET.SubElement(ET.SubElement(about, f"{{{DC}}}{name}"), f"{{{RDF}}}{kind}")
    for text, language in items:
        ET.SubElement(entries, f"{{{RDF}}}li", {} if language is None else {_LANG: language}).text = text
