"""The topics as an AsyncAPI 3.0 document, made from the models: channels, operations, messages, headers and keys."""

from typing import Any, Final

from contracts.content_types import STRUCTURED
from contracts.dead_letters import LetterBody
from contracts.events import EVENTS
from contracts.topics import INTAKE_TOPICS, Topic
from contracts.upcasting import CURRENT

BINDING: Final = "0.5.0"
SENT: Final = tuple(Topic)
MODELS: Final = {**EVENTS, Topic.DEAD_LETTER: LetterBody}

_TEXT = {"type": "string", "minLength": 1, "maxLength": 512}
_ATTRIBUTES: Final[dict[str, dict[str, Any]]] = {
    "specversion": {"type": "string", "const": "1.0"},
    "id": {**_TEXT, "description": "The same whenever the same event is sent again."},
    "source": _TEXT,
    "time": {"type": "string", "format": "date-time"},
}
_NEEDED = ("specversion", "id", "source", "type")


def describe_topics() -> dict[str, Any]:
    """The document, with the topics' names and keys as they are by default."""
    names = {topic: _camel(topic) for topic in Topic}
    messages = {name: _message(topic) for topic, name in names.items()}
    structured = {f"{name}Structured": _structured_message(topic, name) for topic, name in names.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "bildwerk",
            "version": f"{max(CURRENT.values())}.0.0",
            "description": "Events in, and what came of them. An event is a hint that facts may have changed.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(topic, name) for topic, name in names.items()},
        "operations": {
            **{f"receive{names[t][0].upper()}{names[t][1:]}": _operation("receive", names[t]) for t in INTAKE_TOPICS},
            **{f"send{names[t][0].upper()}{names[t][1:]}": _operation("send", names[t]) for t in SENT},
        },
        "components": {
            "messages": messages | structured,
            "schemas": {name: MODELS[topic].model_json_schema() for topic, name in names.items()},
        },
    }


def _channel(topic: Topic, name: str) -> dict[str, Any]:
    return {
        "address": topic.value,
        "description": f"BILDWERK_TOPIC_{topic.name} names another topic.",
        "messages": {n: {"$ref": f"#/components/messages/{n}"} for n in (name, f"{name}Structured")},
        "bindings": {"kafka": {"topic": topic.value, "bindingVersion": BINDING}},
    }


def _operation(action: str, name: str) -> dict[str, Any]:
    group = {"type": "string", "default": "bildwerk", "description": "BILDWERK_KAFKA_GROUP names another group."}
    bindings = {"bindings": {"kafka": {"groupId": group, "bindingVersion": BINDING}}} if action == "receive" else {}
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": [{"$ref": f"#/channels/{name}/messages/{n}"} for n in (name, f"{name}Structured")],
        **bindings,
    }


def _message(topic: Topic) -> dict[str, Any]:
    """The body alone, or with the attributes in headers: CloudEvents in binary mode."""
    name = _camel(topic)
    attributes = {f"ce_{key}": schema for key, schema in _attributes(topic).items()}
    needed = [f"ce_{key}" for key in _NEEDED]
    told = {"content-type": {"type": "string"}}
    if topic in INTAKE_TOPICS:
        told["id"] = {"type": "string", "description": "An outbox's id of the event, where there are no attributes."}
    return {
        "name": topic.value,
        "summary": _summary(topic),
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "properties": {**attributes, **told},
            "dependencies": {"ce_specversion": needed[1:]},
        },
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "bindings": _key(topic),
    }


def _structured_message(topic: Topic, name: str) -> dict[str, Any]:
    """CloudEvents in structured mode."""
    data = {"datacontenttype": {"type": "string"}, "data": {"$ref": f"#/components/schemas/{name}"}}
    return {
        "name": topic.value,
        "summary": f"{_summary(topic)} In structured mode.",
        "contentType": STRUCTURED,
        "payload": {"type": "object", "properties": {**_attributes(topic), **data}, "required": [*_NEEDED, "data"]},
        "bindings": _key(topic),
    }


def _attributes(topic: Topic) -> dict[str, Any]:
    return {**_ATTRIBUTES, "type": {"type": "string", "const": topic.value}}


def _key(topic: Topic) -> dict[str, Any]:
    """What we send; of others' events any key is taken."""
    told = "The decimal media id; BILDWERK_EVENT_KEY puts words around it. In others' messages any key will do."
    if topic == Topic.DEAD_LETTER:
        told = "Where the event was: topic/partition/offset."
    return {"kafka": {"key": {"type": "string", "description": told}, "bindingVersion": BINDING}}


def _summary(topic: Topic) -> str:
    return (MODELS[topic].__doc__ or "").split("\n\n")[0].strip()


def _camel(topic: Topic) -> str:
    first, *others = topic.name.lower().split("_")
    return "".join([first, *map(str.capitalize, others)])
