"""The error texts of real servers, word for word."""

import orjson

STOPPED = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or an internal error, "
    "check ollama server logs for details"
)
UNEXPECTED_EOF = "an error was encountered while running the model: unexpected EOF"
BUSY = "server busy, please try again.  maximum pending requests exceeded"
TOO_LONG = "the input length exceeds the context length"
EMPTY_PICTURE = "Failed to create new sequence: failed to process inputs: received zero length image"
BAD_SCHEMA = "invalid JSON schema in format"
BAD_PICTURE = "Failed to load image or audio file"
BAD_MARKS = "Failed to tokenize prompt"
NOT_MULTIMODAL = "Multimodal data provided, but model does not support multimodal requests."


class Rejected(Exception):
    """The request ends here with this HTTP status and this text in `{"error": text}`."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class RunnerCrashed(Exception):
    """The runner died under the call; `text` is what Ollama tells the client (status 500)."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class ClientGone(Exception):
    """The client hung up; there is nobody left to answer."""


def engine_error(message: str, kind: str = "invalid_request_error", **more: int) -> Rejected:
    """An error of the inner llama-server, status 400: its JSON stands inside Ollama's as text."""
    inner = {"error": {"code": 400, "message": message, "type": kind, **more}}
    return Rejected(400, orjson.dumps(inner).decode())


def too_many_tokens(tokens: int, num_ctx: int) -> Rejected:
    """The modern engine's refusal of a prompt longer than its context."""
    message = f"request ({tokens} tokens) exceeds the available context size ({num_ctx} tokens), try increasing it"
    return engine_error(message, "exceed_context_size_error", n_prompt_tokens=tokens, n_ctx=num_ctx)
