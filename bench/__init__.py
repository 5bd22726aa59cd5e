"""Measurements that a reader can repeat: `python -m bench NAME [--quick] [--json]`."""

from pathlib import Path

RESULTS = Path(__file__).parent / "results"
VAR = Path(__file__).parents[1] / "var"
