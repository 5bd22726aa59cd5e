"""The Django project: settings, addresses, Celery and the embedded services. No product logic."""

import tomllib
from pathlib import Path

_PROJECT = tomllib.loads((Path(__file__).resolve().parent.parent / "pyproject.toml").read_text())["project"]

__version__: str = _PROJECT["version"]
"""The release, as pyproject.toml says: the only place that holds it."""
