"""Files as picture generators write them, made on the spot: each program in each format, and what must be read.

The formats are those of the programs' own code or, where that is not open, of what others say of their files; prompts
and settings are made up.
"""

from tests.handlers.inspect.generated import (
    a1111,
    comfyui,
    drawthings,
    easydiffusion,
    fooocus,
    invokeai,
    novelai,
    swarmui,
)
from tests.handlers.inspect.generated.cases import Case

PROGRAMS = (a1111, comfyui, fooocus, invokeai, novelai, swarmui, easydiffusion, drawthings)

CASES: tuple[Case, ...] = tuple(case for program in PROGRAMS for case in program.make_cases())
