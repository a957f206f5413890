"""What a store elsewhere sends of a picture, taken in no further than it may be large."""

from collections.abc import AsyncIterable

from handlers.failures import Invalid
from handlers.inspect.reasons import Reason


async def gather_body(chunks: AsyncIterable[bytes], announced: int, max_bytes: int) -> bytes:
    """All chunks together, 1 to `max_bytes` bytes; `announced` is the size that the store names beforehand, or 0.

    Raises Invalid with both size reasons, and what `chunks` raises.
    """
    if announced > max_bytes:
        raise Invalid(Reason.FILE_TOO_LARGE)
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > max_bytes:
            raise Invalid(Reason.FILE_TOO_LARGE)
    if not body:
        raise Invalid(Reason.EMPTY_FILE)
    return bytes(body)
