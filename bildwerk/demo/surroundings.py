"""The environment of a demo: nobody's configured services are touched by one."""

import os
from collections.abc import Mapping
from typing import Final

CONFIGURED: Final = ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "OLLAMA_HOST")


def forget_services(*, ours_too: bool = True) -> None:
    """Drop the variables that point at services and, with `ours_too`, every setting of ours."""
    for name in list(os.environ):
        ours = ours_too and name.upper().startswith("BILDWERK_")
        if ours or name.upper().removesuffix("_FILE") in CONFIGURED:
            del os.environ[name]


def adopt(variables: Mapping[str, str]) -> None:
    """Set variables, for this process and the ones it starts."""
    os.environ.update(variables)
