"""The optional detector: the real model where it is installed, and what is said where it is not."""

import importlib.util
import io
import sys

import pytest
from PIL import Image

from handlers.inspect import nsfw
from handlers.inspect.nsfw import DetectorMissing, OpenNsfw

installed = pytest.mark.skipif(importlib.util.find_spec(nsfw.MODULE) is None, reason="the extra nsfw is not installed")


def _jpeg(colour: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (320, 200), colour).save(stream, "JPEG")
    return stream.getvalue()


@installed
async def test_a_plain_picture_is_harmless_and_the_score_repeats() -> None:
    async with OpenNsfw() as detector:
        first = await detector.score(_jpeg("navy"))
        assert first is not None
        assert 0 <= first < 0.2
        assert await detector.score(_jpeg("navy")) == first


@installed
async def test_what_cannot_be_scored_has_no_score() -> None:
    async with OpenNsfw() as detector:
        assert await detector.score(b"no JPEG") is None


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, nsfw.MODULE, None)
    with pytest.raises(DetectorMissing, match=r"install the extra nsfw of bildwerk"):
        OpenNsfw()
