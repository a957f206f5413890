"""The command line that every peer's program has."""

import argparse
import json
import os
import time
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple

MODEL = "bildwerk-simulated"
INSERT = "INSERT INTO peer_rows (media_id, job, member) VALUES ({}, {}, {})"


class Event(NamedTuple):
    """What a message says."""

    media_id: int
    job: str


@dataclass(frozen=True)
class Orders:
    """What to do. `nothing` is a number of events to do nothing about; 0: ask the model, write a row."""

    servers: str
    topic: str
    group: str
    concurrency: int
    session: float
    ollama: str
    database: str
    nothing: int

    @property
    def session_ms(self) -> int:
        """Silence after which the group drops a member."""
        return round(self.session * 1000)


def read_orders() -> Orders:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    for name in ("servers", "topic", "group"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    parser.add_argument("--session", type=float, required=True)
    parser.add_argument("--ollama", default="")
    parser.add_argument("--database", default="")
    parser.add_argument("--nothing", type=int, default=0)
    return Orders(**vars(parser.parse_args()))


def read_event(value: bytes) -> Event:
    """Decode a message."""
    return Event(**json.loads(value))


def make_question(event: Event) -> tuple[dict[str, object], dict[str, str]]:
    """The body of a request for one short answer, and the headers by which the simulation knows what it is for."""
    question = {"role": "user", "content": f"Describe picture {event.media_id} in one sentence."}
    body = {"model": MODEL, "messages": [question], "stream": False, "options": {"num_predict": 64}}
    return body, {"x-bildwerk-media": str(event.media_id), "x-bildwerk-job": event.job}


def make_row(event: Event) -> tuple[int, str, int]:
    """What is written when it has answered."""
    return event.media_id, event.job, os.getpid()


class Counter:
    """Counts events about which nothing is done, and tells how fast they came, after the first."""

    def __init__(self, expected: int) -> None:
        self._expected, self._seen, self._began, self._lock = expected, 0, 0.0, Lock()

    def count(self) -> None:
        """One more."""
        with self._lock:
            self._seen += 1
            if self._seen == 1:
                self._began = time.perf_counter()
            if self._seen == self._expected:
                seconds = time.perf_counter() - self._began
                print(f"events per second {(self._seen - 1) / seconds}", flush=True)
