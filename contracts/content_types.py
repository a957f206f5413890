"""Content types of messages, as far as it takes to tell how an event is written."""

from typing import Final

STRUCTURED: Final = "application/cloudevents+json"


def split_content_type(text: str) -> tuple[str, str]:
    """The media type and the charset, in lower case; an empty charset where none is named."""
    media_type, *parameters = (part.strip().lower() for part in text.split(";"))
    named = {name.strip(): value.strip().strip('"') for name, _, value in (p.partition("=") for p in parameters)}
    return media_type, named.get("charset", "")


def is_json(media_type: str) -> bool:
    """Whether a CloudEvent's data of this type is JSON, by the rule of its JSON format."""
    return media_type.endswith(("/json", "+json"))
