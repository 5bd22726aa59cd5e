"""What is assumed of models before any job has taught better: ability by problem kind and length of output.

Demo figures come from demo_model/weights/evaluation.json; those of providers are deliberately broad.
"""

from solver.models import OutputQuantiles

DEMO_ABILITY = {
    "intern": {"": 0.02, "countdown": 0.25, "modular": 0.62},
    "expert": {"": 0.03, "countdown": 0.52, "modular": 0.75},
}

DEMO_TRAITS = {
    "intern": {
        "modular": {"slope": 4.42, "scatter": 1.34, "concentration": 1.413, "blind": 0.149},
        "countdown": {"slope": 1.1, "scatter": 0.294, "concentration": 12.017, "agree": 0.741},
    },
    "expert": {
        "modular": {"slope": 2.091, "scatter": 1.357, "concentration": 1.954, "blind": 0.008},
        "countdown": {"slope": 1.314, "scatter": 0.397, "concentration": 9.359, "agree": 1.0},
    },
}
"""How the demo models err (solver/skill.py), fitted to the recorded pool by `python -m bench fit`."""

DEMO_READERS: frozenset[str] = frozenset()
"""The demo models that can grade, compare, revise and combine what they are shown; the others only try."""

DEMO_OUTPUT = {
    "intern": OutputQuantiles(q50=45, q90=57, q995=80),
    "expert": OutputQuantiles(q50=60, q90=134, q995=250),
}

ABILITY_BY_RANK = {"weak": {"": 0.5}, "strong": {"": 0.7}}

OUTPUT_BY_RANK = {
    "weak": OutputQuantiles(q50=700, q90=2_500, q995=8_000),
    "strong": OutputQuantiles(q50=1_200, q90=4_500, q995=16_000),
    "reasoning": OutputQuantiles(q50=2_500, q90=12_000, q995=32_000),
}

REASONING_HINTS = (
    "gpt-5",
    "gpt-6",
    "gpt-oss",
    "o1",
    "o3",
    "o4",
    "reason",
    "think",
    "r1",
    "v4",
    "gemini-2.5",
    "gemini-3",
    "gemini-4",
    "grok-4",
    "magistral",
    "qwen3",
)
"""Parts of the names of models that think out of sight."""
