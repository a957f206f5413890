"""The Ollama versions the simulated server can pose as, and where they differ on the wire.

Source: what three real servers answered to the same requests (`tests/bildwerk/simulated_ollama/recorded.json`).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pose:
    """One version's habits.

    `modern` is the engine of 0.30 and later (a llama-server behind Ollama): KV prefixes are reused, bad pictures are
    refused instead of killing the runner, bad schemas are ignored instead of refused.
    `picture_marks` is how many tokens surround a picture's own in the prompt.
    """

    version: str
    modern: bool
    picture_marks: int
    bad_name: str
    show_missing: str


POSES = {
    pose.version: pose
    for pose in (
        Pose("0.13.5", False, 3, "model is required", "model '{name}' not found"),
        Pose("0.24.0", False, 3, "invalid model name", "model '{name}' not found"),
        Pose("0.33.0", True, 2, "invalid model name", "model '{name}:latest' not found"),
    )
}
