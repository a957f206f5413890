"""ComfyUI: the graph it ran, as a PNG's `prompt`, in EXIF, or in chunks of its own.

Which text is the prompt is not written anywhere: it is what the sampler gets as positive, walked back to where somebody
typed it. sd-parsers knows only samplers with steps and cfg, and needs the editor's file beside the graph.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from contracts.embedded import Embedded
from handlers.inspect.embedded.carriers import Fields
from handlers.inspect.embedded.graphs import Graph, Node, build_graph
from handlers.inspect.embedded.telling import parse_json, tell

_MAX_SAMPLERS = 16
_MAX_STEPS = 2_000
"""Nodes looked at for one text: a chain is a few dozen long."""

_STEERING = {"latent_image", "sampler_name", "steps", "sigmas"}
"""What a sampler has, and a node that only passes prompts on has not."""
_POSITIVE, _NEGATIVE = "positive", "negative"
_STARTS = {_POSITIVE: (_POSITIVE, "conditioning", "cond1"), _NEGATIVE: (_NEGATIVE, "neg_conditioning")}
_PASSING = re.compile(r"cond.*|base_ctx|ctx|context|pipe|basic_pipe")
_TEXT = re.compile(r"(?:user_)?(?:text|string|prompt|value)(?:_?[a-z0-9])?|clip_[lg]|t5xxl|llama")
_FINAL = ("populated_text", "text_0")
"""What came of the others of the same node."""
_EMPTY = "ConditioningZeroOut"
_UNSURE = ("wildcard", "random", "llm", "ollama", "gpt", "caption", "florence", "interrogat", "tagger")
"""Parts of the names of nodes that make texts, of which the graph holds what they were made from."""
_MODELS = ("ckpt_name", "unet_name", "model_name", "gguf_name", "model")
_SEEDS, _NUMBERS = ("seed", "noise_seed"), ("value", "int")


@dataclass(frozen=True, slots=True)
class _Texts:
    found: tuple[str, ...]
    sure: bool


def read(fields: Fields) -> Embedded | None:
    """What the sampler next to the output got; model and seed of one that does not go on with another's noise.

    Raises ValueError, RecursionError.
    """
    prompt = fields.get("prompt")
    graph = build_graph(parse_json(prompt) if isinstance(prompt, str) else prompt)
    if graph is None:
        return None
    samplers = list(dict.fromkeys(_samplers(graph)))[:_MAX_SAMPLERS]
    if not samplers:
        return _read_without_sampler(graph)
    told = [(_gather(graph, node, _POSITIVE), _gather(graph, node, _NEGATIVE)) for node in samplers]
    positive, negative = told[0]
    beginning = next((node for node in samplers if node.inputs.get("add_noise") != "disable"), samplers[0])
    return tell(
        "comfyui",
        positive.found,
        negative.found,
        certain=positive.sure and negative.sure and bool(positive.found) and len(set(told)) == 1,
        model=_find_model(graph, beginning),
        seed=_find_seed(graph, beginning),
    )


def _samplers(graph: Graph) -> Iterator[Node]:
    """All samplers, the nearest to a saved picture first."""
    seen: set[str] = set()
    for outputs in graph.outputs():
        waiting = deque(outputs)
        while waiting:
            node = waiting.popleft()
            if _is_sampler(node):
                yield node
            for _, source in node.links():
                if source not in seen and source in graph.nodes:
                    seen.add(source)
                    waiting.append(graph.nodes[source])
    yield from (node for node in graph.nodes.values() if _is_sampler(node))


def _is_sampler(node: Node) -> bool:
    if node.link("guider") or node.link("text_embeds"):
        return True
    starts = (name for names in _STARTS.values() for name in names)
    return bool(_STEERING & node.inputs.keys()) and any(node.link(name) for name in starts)


def _gather(graph: Graph, sampler: Node, role: str) -> _Texts:
    """The texts that come to a sampler in this role, in the order in which its graph names them."""
    starts = (_entrance(graph, sampler).link(name) for name in _STARTS[role])
    waiting = [link for link in (next(filter(None, starts), None), sampler.link("text_embeds")) if link is not None]
    seen: set[str] = set()
    texts: dict[str, None] = {}
    sure = True
    while waiting and len(seen) < _MAX_STEPS:
        name = waiting.pop()
        node = graph.nodes.get(name)
        if name in seen or (node is not None and node.kind == _EMPTY):
            continue
        seen.add(name)
        own, sources = _look(node, role) if node is not None else ([], [])
        made = node is None or any(word in node.kind.lower() for word in _UNSURE)
        sure = sure and not made and bool(own or sources)  # where it ends without a text, one is missing
        texts.update(dict.fromkeys(text for text in own if text))
        waiting.extend(reversed(sources))
    return _Texts(tuple(texts), sure and len(texts) <= 1)


def _entrance(graph: Graph, sampler: Node) -> Node:
    """Where prompts and the model go in: at the sampler, or at its guider."""
    return graph.source(sampler, "guider") or sampler


def _look(node: Node, role: str) -> tuple[list[str], list[str]]:
    """The texts of one node, and where to look on."""
    for name in (role, role + "_prompt", *_FINAL):
        if isinstance(text := node.inputs.get(name), str):
            return [text], []
    if (link := node.link(role)) is not None:
        return [], [link]
    names = [name for name in node.inputs if _TEXT.fullmatch(name)]
    texts = [text for name in names if isinstance(text := node.inputs[name], str)]
    sources = [link for name, link in node.links() if name in names or _PASSING.fullmatch(name)]
    return texts, sources


def _find_model(graph: Graph, sampler: Node) -> str | None:
    """The file of weights that the sampler's model was loaded from."""
    node: Node | None = _entrance(graph, sampler)
    for _ in range(_MAX_STEPS):
        node = node and graph.source(node, "model")
        if node is None:
            return None
        for name in _MODELS:
            if isinstance(file := node.inputs.get(name), str):
                return file
    return None


def _find_seed(graph: Graph, sampler: Node) -> object:
    """The number of the sampler itself, or of the noise it is given; either may come from a node of its own."""
    for node in (sampler, graph.source(sampler, "noise")):
        if node is not None and (name := next((name for name in _SEEDS if name in node.inputs), None)):
            made = graph.source(node, name)
            return node.inputs[name] if made is None else _first(made, (*_SEEDS, *_NUMBERS))
    return None


def _first(node: Node, names: tuple[str, ...]) -> object:
    return next((node.inputs[name] for name in names if name in node.inputs), None)


def _read_without_sampler(graph: Graph) -> Embedded | None:
    """A picture from somebody's service has no sampler, but one prompt; of several texts none is taken."""
    texts = {
        text
        for node in graph.nodes.values()
        for name in ("prompt", "text")
        if isinstance(text := node.inputs.get(name), str) and text.strip()
    }
    return tell("comfyui", texts, certain=False) if len(texts) == 1 else None
