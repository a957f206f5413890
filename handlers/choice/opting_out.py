"""What a person says of one medium: leave it alone, or do not do this to it. Pure."""

from pydantic import JsonValue

SKIP = "bildwerk.skip"
"""The `media_meta` key that opts a medium out: `true`, a job type, or a list of them."""
_PREFIX = "ollama_"
_NOT = ("", "false", "no", "0")


def list_skipped(value: JsonValue, job_types: frozenset[str]) -> frozenset[str]:
    """Which of the job types are not to be done; without `ollama_` they are meant, too.

    Whatever is neither a list nor the name of a job type, and does not say no, means all of them: a word that is not
    understood is not passed over.
    """
    names = _read_names(value)
    if names is None:
        return job_types if value else frozenset()
    if isinstance(value, str) and not _find(names, job_types):
        return frozenset() if value.strip().lower() in _NOT else job_types
    return job_types if "*" in names else _find(names, job_types)


def list_unknown(value: JsonValue, job_types: frozenset[str]) -> tuple[str, ...]:
    """What a list names that is no job type."""
    names = _read_names(value) if isinstance(value, list) else None
    return tuple(sorted(name for name in names or () if name != "*" and not _find({name}, job_types)))


def _read_names(value: JsonValue) -> frozenset[str] | None:
    if isinstance(value, list):
        return frozenset(name.strip() for name in value if isinstance(name, str))
    return frozenset({value.strip()}) if isinstance(value, str) else None


def _find(names: frozenset[str] | set[str], job_types: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name in job_types if name in names or name.removeprefix(_PREFIX) in names)
