"""One picture's generation data, from whichever program and wherever it is."""

from collections.abc import Callable, Iterator

from PIL import Image

from contracts.embedded import Embedded
from handlers.inspect.embedded import (
    a1111,
    comfyui,
    drawthings,
    easydiffusion,
    fooocus,
    invokeai,
    novelai,
    swarmui,
)
from handlers.inspect.embedded.carriers import Fields, find_chunks, find_hidden, find_packet, find_remarks

_CARRIERS: tuple[Callable[[Image.Image, bytes], Iterator[Fields]], ...] = (
    find_chunks,
    find_remarks,
    find_packet,
    find_hidden,
)
_READERS: tuple[Callable[[Fields], Embedded | None], ...] = (
    swarmui.read,
    fooocus.read,
    easydiffusion.read,
    drawthings.read,
    invokeai.read,
    novelai.read,
    a1111.read,  # before ComfyUI, whose nodes may write both: this one says which text it came to
    comfyui.read,
)


def read_embedded(image: Image.Image, data: bytes) -> Embedded | None:
    """Read the generation data of a loaded picture whose file is `data`. None if there is none; never raises.

    In doubt there is none: whatever is not what one of the programs writes is somebody else's metadata.
    """
    for find in _CARRIERS:
        for fields in _found(find, image, data):
            for read in _READERS:
                if (embedded := _attempt(read, fields)) is not None:
                    return embedded
    return None


def _found(find: Callable[[Image.Image, bytes], Iterator[Fields]], image: Image.Image, data: bytes) -> Iterator[Fields]:
    """What a carrier holds, up to where it is broken."""
    try:
        yield from find(image, data)
    except Exception:  # noqa: BLE001 - hostile bytes: what cannot be read is not there
        return


def _attempt(read: Callable[[Fields], Embedded | None], fields: Fields) -> Embedded | None:
    try:
        return read(fields)
    except Exception:  # noqa: BLE001 - sd-parsers raises what it stumbles over, and nested JSON a RecursionError
        return None
