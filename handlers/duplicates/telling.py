"""What programs found out about two pictures, as a line for the model."""

from contracts.duplicates import Level, Pair

_LEVELS = {
    Level.SAME_PICTURE: "pixels agree but for what an edit changes",
    Level.SAME_MOMENT: "taken within seconds of each other",
    Level.SAME_PROMPT: "generated from the same prompt and seed",
    Level.NEAR: "nearly alike, but something moved or the light is another",
}


def tell_evidence(pair: Pair) -> str | None:
    """One line; None where there is nothing to say."""
    said = [_LEVELS.get(pair.level)]
    evidence = pair.evidence
    if isinstance(bits := evidence.get("bits"), int):
        said.append(f"perceptual hashes differ by {bits} bits")
    if isinstance(bits := evidence.get("platform_phash_bits"), int):
        said.append(f"the library's perceptual hashes differ by {bits} bits")
    if evidence.get("platform_hash") == "same":
        said.append("the library's file hashes are the same")
    if isinstance(seconds := evidence.get("seconds"), int | float):
        said.append(f"taken {seconds:g} seconds apart")
    turn = evidence.get("turn")
    if isinstance(turn, str) and turn != "as_is":
        said.append(f"one is {turn.replace('_', ' ')}")
    return ", ".join(part for part in said if part) or None
