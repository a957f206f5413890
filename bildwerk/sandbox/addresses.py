"""Where the parts of a running stack are."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stack:
    """A running embedded stack, as everybody else sees it.

    `ollama_host` and `control_url` belong to the simulated Ollama and are None when it was not asked for;
    the former ends in `=slots`, as the variable does.
    `apache_kafka` says that the broker is one. `pid` is the supervisor: it ends when the stack does.
    """

    pid: int
    database_url: str
    kafka_bootstrap_servers: str
    ollama_host: str | None = None
    control_url: str | None = None
    apache_kafka: bool = False

    def environment(self) -> dict[str, str]:
        """Return the environment variables that point any `bildwerk` command at this stack."""
        variables = {
            "DATABASE_URL": self.database_url,
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka_bootstrap_servers,
        }
        if not self.apache_kafka:
            variables |= {
                "BILDWERK_KAFKA_IDEMPOTENCE": "false",  # the embedded broker has no idempotent producer
                "BILDWERK_KAFKA_SESSION_TIMEOUT_SECONDS": "6",  # it lets a member join after half of this
                "BILDWERK_KAFKA_FETCH_WAIT_SECONDS": "0.05",  # it sees new messages only a few times in this
            }
        if self.ollama_host:
            variables |= {"OLLAMA_HOST": self.ollama_host, "BILDWERK_MODEL": "bildwerk-simulated"}
        return variables
