"""The committed parameters of inference: evidence.json; docs/inference.md says what each one stands for."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any


@cache
def parameters() -> Mapping[str, Any]:
    """Return the committed parameters."""
    read: dict[str, Any] = json.loads(Path(__file__).with_name("evidence.json").read_text())
    return read
