"""What can be set about prompts and their reconstruction."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReconstructionRules:
    """When a prompt is long enough, and from which confidence on a reconstruction counts as one.

    A prompt needs `minimum_words` content words or, when it is a list of tags, `minimum_tags` of them.
    Below `confidence_limit` (0 to 1) a reconstruction is kept beside the medium, but not among its prompts.
    """

    minimum_words: int = 5
    minimum_tags: int = 4
    confidence_limit: float = 0.5
