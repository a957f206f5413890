"""ComfyUI (`SaveImage`, `SaveAnimatedWEBP`, `SaveAnimatedPNG`), and an extension's JPEG."""

import json

from PIL import Image

from tests.handlers.inspect.generated import graphs
from tests.handlers.inspect.generated.a1111 import infotext
from tests.handlers.inspect.generated.cases import CHECKPOINT, FOREIGN, NEGATIVE, PROMPT, SEED, Case, case, saved, texts
from tests.handlers.inspect.metadata import ASCII, MAKE, MODEL, exif, with_chunks

_GRAPH = json.dumps(graphs.plain(PROMPT, NEGATIVE, SEED, CHECKPOINT))
_FOREIGN = json.dumps(graphs.plain(FOREIGN, "", SEED, CHECKPOINT))
_FLUX = json.dumps(graphs.flux(PROMPT, SEED, CHECKPOINT))
_WORKFLOW = json.dumps({"last_node_id": 9, "nodes": [], "links": [], "version": 0.4})


def make_cases() -> list[Case]:
    """Return its cases."""
    both = {"prompt": _GRAPH, "workflow": _WORKFLOW}
    fields = {MODEL: (ASCII, f"prompt:{_GRAPH}\0".encode()), MAKE: (ASCII, f"workflow:{_WORKFLOW}\0".encode())}
    extended = {MAKE: (ASCII, f"Prompt:{_GRAPH}\0".encode())}
    return [
        case("comfyui", "PNG", texts(both)),
        case("comfyui by its interface", "PNG", texts({"prompt": _GRAPH})),
        case("comfyui in Unicode", "PNG", texts({"prompt": _FOREIGN}), FOREIGN, ""),
        case("comfyui of Flux", "PNG", texts({"prompt": _FLUX}), negative=""),
        case("comfyui animated", "PNG", _animate),
        case("comfyui", "WEBP", saved("WEBP", exif(fields), lossless=True)),
        case("comfyui by an extension", "JPEG", saved("JPEG", exif(extended))),
        case("a1111 by a node of ComfyUI", "PNG", texts({"parameters": infotext(), **both})),
    ]


def _animate(picture: Image.Image) -> bytes:
    chunks = [(b"comf", b"prompt\0" + _GRAPH.encode()), (b"comf", b"workflow\0" + _WORKFLOW.encode())]
    second = Image.new("RGB", picture.size, "navy")
    return with_chunks(picture.convert("RGB"), chunks, save_all=True, append_images=[second], duration=160)
