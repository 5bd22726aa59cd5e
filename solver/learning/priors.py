"""What is assumed of models before any job has taught better: ability by problem kind and length of output.

Demo figures come from demo_model/weights/evaluation.json and, at the temperatures below, from bench/recordings/pool;
those of providers are deliberately broad.
"""

from typing import Any

from solver.core.models import OutputQuantiles

_LARGE_PUZZLES = {"countdown_large": 0.005, "modular_large": 0.15}
DEMO_ABILITY = {
    "intern": {"": 0.02, "countdown": 0.25, "modular": 0.62, **_LARGE_PUZZLES},
    "thinker": {"": 0.03, "countdown": 0.67, "modular": 0.90, **_LARGE_PUZZLES},
    "expert": {"": 0.03, "countdown": 0.56, "modular": 0.81, **_LARGE_PUZZLES},
    "writer": {"": 0.05, "number": 0.02, "choice": 0.3, "countdown_large": 0.001, "modular_large": 0.02},
}
"""None was taught larger puzzles than the small kinds are (solver/checkers/recognise.py): of 160 tries each with five
numbers, or targets above 100, no more than 2 % were right, with larger operands or other moduli 9 to 46 %. The writer's
follow what others measured (GSM8K about 1 %, ARC 28 to 54 %); nobody fitted how it errs."""

DEMO_TRAITS = {
    "thinker": {
        "modular": {"slope": 1.5, "scatter": 0.5, "concentration": 4.0, "blind": 0.03},
        "countdown": {"slope": 1.5, "scatter": 0.5, "concentration": 4.0, "blind": 0.03},
    },
    "intern": {
        "modular": {"slope": 3.999, "scatter": 1.637, "concentration": 1.562, "blind": 0.082},
        "countdown": {"slope": 1.156, "scatter": 0.51, "concentration": 11.43, "agree": 0.779},
    },
    "expert": {
        "modular": {"slope": 3.119, "scatter": 2.732, "concentration": 0.533, "blind": 0.002},
        "countdown": {"slope": 2.167, "scatter": 0.461, "concentration": 5.137, "agree": 1.0},
    },
    # Most of its wrong tries are nonsense of their own: otherwise the answer that most gave would count least.
    "writer": {"": {"concentration": 6.0}},
}
"""How the demo models err (solver/inference/item_response.py), fitted to the recorded pool by `python -m bench fit`; the
thinker's and the writer's are assumed, for the pool holds no tries of them."""

DEMO_TEMPERATURE = {"intern": 1.0, "thinker": 0.6, "expert": 0.6, "writer": 0.4}
"""A single try of the expert is right more often at .6 than at 1 (modular .81 of .77, Countdown .55 of .49), and votes of
it are no worse. The intern gains next to nothing, and many tries at Countdown find more where they differ more."""

DEMO_WRITERS = frozenset({"writer"})
"""The demo models that write running text, of whatever is asked."""

WRITER_AT_ONCE = 2
"""How many calls the server of the writer, or of a file in its place, answers at a time (demo_model/engine.py)."""

DEMO_EXAMINERS = frozenset({"thinker"})
"""The demo models that grade, compare, revise and combine what they are shown; the others try, and cannot do that."""

DEMO_JUDGING = {
    "thinker": {
        "countdown": {"sensitivity": 0.97, "specificity": 0.96, "comparison": 0.95},
        "modular": {"sensitivity": 0.93, "specificity": 0.96, "comparison": 0.92},
    },
}
"""How they judge (demo_model/weights/evaluation.json)."""

DEMO_OUTPUT = {
    "intern": OutputQuantiles(q50=45, q90=57, q995=80),
    "thinker": OutputQuantiles(q50=130, q90=300, q995=600),
    "expert": OutputQuantiles(q50=60, q90=134, q995=250),
    "writer": OutputQuantiles(q50=300, q90=480, q995=512),
}


def demo_fields(model: str) -> dict[str, Any]:
    """Return what the card of a demo model says of it, by the names of the card's fields."""
    return {
        "output": DEMO_OUTPUT[model],
        "ability": DEMO_ABILITY[model],
        "is_measured": True,
        "traits": DEMO_TRAITS.get(model, {}),
        "judging": DEMO_JUDGING.get(model, {}),
        "solves": model not in DEMO_EXAMINERS,
        "reads": model in DEMO_EXAMINERS,
        "writes_prose": model in DEMO_WRITERS,
        "at_once": WRITER_AT_ONCE if model in DEMO_WRITERS else 0,
        "temperature": DEMO_TEMPERATURE[model],
    }


ABILITY_BY_RANK = {"weak": {"": 0.5}, "strong": {"": 0.7}}

OUTPUT_BY_RANK = {
    "weak": OutputQuantiles(q50=700, q90=2_500, q995=8_000),
    "strong": OutputQuantiles(q50=1_200, q90=4_500, q995=16_000),
    "reasoning": OutputQuantiles(q50=2_500, q90=12_000, q995=32_000),
}
