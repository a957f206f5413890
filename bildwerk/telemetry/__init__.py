"""What operators see: logs that cannot hold a secret, and metrics counted from the same events."""
