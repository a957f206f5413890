"""What is said: events on the wire, topics, facts, verdicts and effects. No I/O."""
