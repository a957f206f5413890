"""Why no event is taken any more, for a person, and what to do."""

from db.intake_stop import IntakeStop


def explain_stop(stop: IntakeStop) -> str:
    """The rest of a sentence; codes, counts and coordinates only."""
    where = f"{stop.topic}/{stop.partition}/{stop.offset}"
    return (
        f"{stop.dead} of a topic's last {stop.events} were dead letters, as for {stop.reason} at {where}; look at them "
        "with `bildwerk dead-letters list`, mend whoever sends them, then `bildwerk dead-letters resume`"
    )
