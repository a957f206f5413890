"""What goes wrong with the embedded stack."""


class SandboxError(Exception):
    """The embedded stack cannot start or is not there; the message is one sentence for a person."""


class ProgramMissing(SandboxError):
    """A program that somebody has to install first."""
