"""The parameters of inference: evidence.json holds the shipped ones; docs/inference.md says what each one stands for.

A job pins the shipped table when it is submitted and decides by it to its end, whatever later releases ship.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Calibration:
    """Corrects posterior probabilities before they are shown: a line in log odds, and the least and most shown."""

    intercept: float
    slope: float
    floor: float
    ceiling: float


@dataclass(frozen=True, slots=True)
class EvidenceParameters:
    """The parameters for one kind of problem. Weights and decays are shares; a strength is a number of observations."""

    open_answers: int
    shared: float
    repeat_weight: float
    grade_decay: float
    compare_decay: float
    same_family: float
    quality_strength: float
    sensitivity: float
    specificity: float
    comparison: float
    calibration: Calibration

    @classmethod
    def of(cls, kind: str, pinned: Mapping[str, Any] | None = None) -> "EvidenceParameters":
        """Return the parameters for a kind of problem, from a pinned table; what is not in it is as shipped."""
        table = {**shipped_parameters(), **(pinned or {})}
        shown = {**shipped_parameters()["calibration"], **table["calibration"]}
        own = _known(cls, {**table, **table["kinds"].get(kind, {})})
        calibration = Calibration(**_known(Calibration, {**shown, **shown["kinds"].get(kind, {})}))
        return cls(**{**own, "calibration": calibration})


@cache
def shipped_parameters() -> Mapping[str, Any]:
    """Return the table of this release, as a job pins it."""
    read: dict[str, Any] = json.loads(Path(__file__).with_name("evidence.json").read_text())
    return {name: value for name, value in read.items() if name != "comment"}


def _known(cls: type, values: Mapping[str, Any]) -> dict[str, Any]:
    return {each.name: values[each.name] for each in fields(cls)}
