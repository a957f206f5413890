"""What a claim costs by what waits, with nothing at work beside it: *scale* claims where services have just worked."""

from collections.abc import AsyncGenerator

from bench.comparison import Comparison, Plan, Round
from bench.scale import CLAIM_TABLES, LARGEST, QUICK, SIZES, SMALLEST, WHOLE, claim_from
from bench.waiting import build_backlogs
from bildwerk.sandbox.stack import start_stack


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """Claim from backlogs that were only built."""
    sizes = QUICK if plan.quick else SIZES
    async with start_stack(slots=None, fsync=False) as stack:
        later = {SMALLEST, LARGEST}
        backlogs = await build_backlogs(stack, plan.folder / "backlog", sizes, most=WHOLE[plan.quick], later=later)
        for _ in plan.numbers:
            yield await claim_from(backlogs, quick=plan.quick)


COMPARISON = Comparison("claims", "what a claim costs, by the media that wait", CLAIM_TABLES, measure)
