"""What it saves that the next pictures are made while slots are at others, where the cache holds none of them.

As after a backlog that was larger than the cache: everything is inspected, and then the cache is emptied. The server is
simulated.
"""

from collections.abc import AsyncGenerator

from bench.comparison import Comparison, Plan, Round, Table, take_turns
from bench.pictures import fill
from bench.services import create_database
from bench.slots import PHASES, SLOTS, TOGETHER, compare_uses, use
from bildwerk.sandbox.stack import start_stack
from bildwerk.service import Service
from db.migrate import migrate

AHEAD, IN_TURN = "before its turn", "when its turn comes"
PICTURE = (2400, 1800)


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """Do the same pictures in both ways, each on a new database and a new server."""
    root = plan.folder / "media"
    names = fill(root, 8 if plan.quick else 60, PICTURE)
    async with start_stack(slots=None) as stack:
        template = await create_database(stack.database_url)
        await migrate(template)
        for number in plan.numbers:
            used = {}
            for way in take_turns([AHEAD, IN_TURN], number):
                folder = plan.folder / f"{number}-{way.replace(' ', '-')}"
                folder.mkdir()

                async def prepare(service: Service, way: str = way) -> None:
                    while await service.inspector.inspect_batch():
                        pass
                    for path in service.settings.cache_folder.rglob("*.jpg"):
                        path.unlink()
                    if way == IN_TURN:
                        service.dispatcher.ahead = None

                database = await create_database(stack.database_url, template)
                used[way] = await use(stack, database, root, folder, names, PHASES[TOGETHER], prepare)
            yield compare_uses(used)


COMPARISON = Comparison(
    "ahead",
    "how well a server's slots are used when pictures have to be made anew, by when they are",
    {
        "wall": Table("time by the clock", "s", IN_TURN),
        "over_floor": Table(f"time by the clock over its floor, which is slot time / {SLOTS}", "times", IN_TURN),
        "idle": Table("share of slot time idle between the first call and the last", "%"),
    },
    measure,
    simulated=True,
)
