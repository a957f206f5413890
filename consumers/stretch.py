"""Which events of a topic are replayed, decided purely."""

from dataclasses import dataclass, replace

from pydantic import JsonValue

from consumers.reader import Message
from consumers.triage import Triage


@dataclass(frozen=True, slots=True)
class Stretch:
    """From the moment `since` until before `until` (ms since 1970), about these media. None: any.

    Moments are those on the messages, which need not be in order; one without (-1) is of any time.
    """

    since: int | None = None
    until: int | None = None
    media_ids: frozenset[int] | None = None

    def holds(self, message: Message) -> bool:
        """Whether a message is of the time."""
        moment = message.timestamp_ms
        if moment < 0:
            return True
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)

    def narrow(self, todo: Triage) -> Triage:
        """What of it is about the media; what cannot be understood is about nobody, and stays."""
        if self.media_ids is None:
            return todo
        wanted = self.media_ids
        return replace(
            todo,
            requests=[request for request in todo.requests if request.media_id in wanted],
            echoes=[echo for echo in todo.echoes if echo[1].media_id in wanted],
            completions=[each for each in todo.completions if each[0] in wanted],
        )


def list_named(todo: Triage) -> dict[int, JsonValue]:
    """Every medium that is named, our own completions included, with the last event that names it."""
    requests = [*todo.requests, *(request for _, request in todo.echoes)]
    return {request.media_id: request.source for request in requests}
