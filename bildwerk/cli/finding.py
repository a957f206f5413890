"""What `bildwerk doctor` finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: fine, or what is wrong and what to do. A warning does not change the exit status.

    `host` marks an Ollama host: one of several is enough to work.
    """

    what: str
    wrong: str = ""
    warning: bool = False
    fine: str = "fine"
    host: bool = False

    def __str__(self) -> str:
        mark = "ok  " if not self.wrong else "warn" if self.warning else "FAIL"
        return f"{mark}  {self.what}: {self.wrong or self.fine}"
