"""Measuring bildwerk: comparisons side by side on one machine, never shipped. `python -m bench --help`."""
