"""What the checks of `/readyz` can find, and what it means."""

from typing import Final

CHECKS: Final[dict[str, dict[str, str]]] = {
    "postgresql": {
        "unreachable": "PostgreSQL refuses connections or cuts them; the error's name stands behind the colon",
        "read_only": "it takes no writes: a standby, or `default_transaction_read_only`",
        "timeout": "it, or the network on the way, does not answer",
    },
    "kafka": {
        "intake_stopped": "too many dead letters stopped intake for all processes, until a person lifts it"
        " ([replay](../replay.md#a-flood))",
        "not_planning": "events come, but PostgreSQL does not take what they lead to; they stay uncommitted",
        "not_consuming": "no event would come: not connected, not in the group yet, the group's coordinator is away,"
        " Kafka does not answer, or its client does not come back",
    },
    "relay": {
        "not_publishing": "what was to be told waits in the outbox: the last error's name, or the topics that are"
        " missing or not ours to write",
    },
    "heartbeat": {
        "late": "leases were not renewed in time: nothing is claimed, and calls under way are given up",
    },
    "workers": {
        "too_many_failures": "so many jobs failed in a row that work is taken one at a time, until one succeeds",
    },
    "ollama": {
        "no_host": "no host can serve; each one's name and why",
    },
    "media_root": {
        "media_root_unavailable": "none of the stores that settings name is there",
    },
    "loops": {
        "stuck": "loops of this process that are dead, or were silent for too long: what `/healthz` says, too",
    },
}
"""By check: each reason code, and what it means."""
