"""The handler as a function that may be called in several threads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local

import httpx
import psycopg

from bench.peers.programs.orders import INSERT, Counter, Event, Orders, make_question, make_row


@contextmanager
def open_handler(orders: Orders) -> Iterator[Callable[[Event], None]]:
    """What is done about an event: ask, then write."""
    if orders.nothing:
        counter = Counter(orders.nothing)
        yield lambda _: counter.count()
        return
    insert = INSERT.format("%s", "%s", "%s")
    own = local()
    with httpx.Client(base_url=orders.ollama, timeout=600, trust_env=False) as client:

        def handle(event: Event) -> None:
            body, headers = make_question(event)
            client.post("/api/chat", json=body, headers=headers).raise_for_status()
            if not hasattr(own, "connection"):
                own.connection = psycopg.connect(orders.database, autocommit=True)
            own.connection.execute(insert, make_row(event))

        yield handle
