"""The graph of nodes that ComfyUI ran, as it writes it into files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MAX_NODES = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One step: its class and its inputs, which are values or links."""

    kind: str
    inputs: Mapping[str, object]

    def link(self, name: str) -> str | None:
        """The id of the node that this input comes from."""
        return _link(self.inputs.get(name))

    def links(self) -> Iterator[tuple[str, str]]:
        """The inputs that come from other nodes, with their ids."""
        for name, value in self.inputs.items():
            if (source := _link(value)) is not None:
                yield name, source


@dataclass(frozen=True)
class Graph:
    """Nodes by id; links may lead nowhere, or round in circles."""

    nodes: Mapping[str, Node]

    def source(self, node: Node, name: str) -> Node | None:
        """The node that this input comes from."""
        link = node.link(name)
        return None if link is None else self.nodes.get(link)

    def outputs(self) -> tuple[list[Node], list[Node]]:
        """The nodes that no other needs: those that save pictures, and the rest."""
        needed = {source for node in self.nodes.values() for _, source in node.links()}
        last = [node for name, node in self.nodes.items() if name not in needed]
        saving = dict.fromkeys(node for node in last if "save" in node.kind.lower())
        return list(saving), [node for node in last if node not in saving]


def build_graph(prompt: object) -> Graph | None:
    """The graph of a `prompt`; None if it is none."""
    if not isinstance(prompt, dict) or not 0 < len(prompt) <= MAX_NODES:
        return None
    nodes = {str(name): _node(value) for name, value in prompt.items()}
    known = {name: node for name, node in nodes.items() if node is not None}
    return Graph(known) if len(known) == len(nodes) else None


def _node(value: object) -> Node | None:
    if not isinstance(value, dict):
        return None
    kind, inputs = value.get("class_type"), value.get("inputs")
    return Node(kind, inputs) if isinstance(kind, str) and isinstance(inputs, dict) else None


def _link(value: object) -> str | None:
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int) and type(value[1]) is int:
        return str(value[0])
    return None
