"""How it is held together and shown: settings, wiring, telemetry, command line, web and sandbox."""

__version__ = "0.1.0"
