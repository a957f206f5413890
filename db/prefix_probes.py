"""What was found out about reusing a picture, for each server version, model and context length."""

from dataclasses import dataclass

from db.pool import Connection
from db.queries import load


@dataclass(frozen=True, slots=True)
class ProbedServer:
    """Whom a probe is about: the server's version, the model's digest, and the context in tokens."""

    version: str
    digest: str
    num_ctx: int


async def find(connection: Connection, server: ProbedServer) -> tuple[str, float] | None:
    """The layout that was chosen, and the ratio of prompt times in it; None: nobody has probed yet."""
    row = await connection.fetchrow(
        load("prefix_probes")["prefix_probes_find"], server.version, server.digest, server.num_ctx
    )
    return None if row is None else (row["layout"], row["ratio"])


async def keep(connection: Connection, server: ProbedServer, layout: str, ratio: float) -> None:
    """Remember what a probe found, unless another one was faster."""
    await connection.execute(
        load("prefix_probes")["prefix_probes_keep"], server.version, server.digest, server.num_ctx, layout, ratio
    )
