"""The committed assumptions are those that were fitted to the pool."""

import json

import pytest

from bench import RESULTS
from solver.inference.parameters import shipped_parameters
from solver.learning.priors import DEMO_TRAITS

FITTED = json.loads((RESULTS / "confidence" / "fit.json").read_text())


@pytest.mark.parametrize("kind", ["modular", "countdown"])
def test_what_is_assumed_of_the_demo_models_is_what_was_fitted(kind):
    """solver/learning/priors.py and solver/inference/evidence.json hold what is in bench/results/confidence/fit.json."""
    for name, value in FITTED[kind].items():
        model, _, field = name.partition(" ")
        if field:
            assert DEMO_TRAITS[model.removeprefix("demo/")][kind][field] == value, name
        else:
            assert shipped_parameters()["kinds"][kind][name] == value, name
    assert shipped_parameters()["calibration"]["kinds"][kind] == FITTED["calibration"][kind]
