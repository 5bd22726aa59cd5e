"""Is Ponder's confidence right for real models? Recorded tries of models to which none of it was fitted.

A file of tries holds a JSON object per line: `problem`, and `tries` with `model` (weakest first), `text` and `right`.
The tries of a problem are told to the evidence of a job whose panel has the shipped priors, as if no job had taught it.
The shipped file: questions of the test set of GSM8K with one published try each of four models (Cobbe et al., 2021).
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.accuracy.arena import Run
from bench.accuracy.reliability import expected_calibration_error
from solver.core.models import ModelCard, OutputQuantiles
from solver.core.pricing import Rates
from solver.core.problem.statement import Problem
from solver.core.steps import Status, StepKind, StepResult
from solver.inference.evidence import Evidence
from solver.learning.priors import ABILITY_BY_RANK
from solver.text.extract import clean_text, extract_answer
from solver.text.keys import quick_key, text_key

TRIES = Path(__file__).parent / "recorded" / "gsm8k_four_models.jsonl.gz"
SURE = 0.9


def measure(quick: bool, tries: Path = TRIES) -> dict[str, Any]:  # noqa: ARG001, FBT001  (measurements' common signature)
    """Return the calibration error, and how many of the answers called 90 % sure are right.

    With the shipped priors; the error also with the abilities that the models turned out to have.
    """
    rows = list(read_tries(tries))
    shipped = _beliefs(rows, _shipped_abilities(rows))
    known = _beliefs(rows, _true_abilities(rows))
    return {
        "problems": len(rows),
        "ece": round(expected_calibration_error(shipped), 4),
        "sure": sum(belief.confidence >= SURE for belief in shipped),
        "sure_right": _share_right([belief for belief in shipped if belief.confidence >= SURE]),
        "right": _share_right(shipped),
        "ece_with_true_abilities": round(expected_calibration_error(known), 4),
    }


def read_tries(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a file of tries, packed by gzip or plain."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        for line in lines:
            yield json.loads(line)


def _beliefs(rows: Sequence[Mapping[str, Any]], abilities: Mapping[str, float]) -> list[Run]:
    panel = [_card(model, ability) for model, ability in abilities.items()]
    return [_belief(row, panel) for row in rows]


def _belief(row: Mapping[str, Any], panel: Sequence[ModelCard]) -> Run:
    evidence = Evidence(Problem(row["problem"]), panel)
    right = set()
    for number, each in enumerate(row["tries"]):
        answer = extract_answer(clean_text(each["text"]))
        key = None if answer is None else quick_key(answer) or text_key(answer)
        if each["right"]:
            right.add(key)
        evidence.tell(
            StepResult(f"try/{number}", StepKind.SAMPLE, Status.OK, model=each["model"], text=each["text"],
                       answer=answer, answer_key=key)
        )  # fmt: skip
    best = evidence.best()
    return (
        Run(best.key in right, evidence.spent_nano, best.confidence or 0.0)
        if best
        else Run(right=False, cost_nano=0)
    )


def _models(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(each["model"] for row in rows for each in row["tries"]))


def _shipped_abilities(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the prior abilities of a panel in this order, weakest first, as for real panels."""
    models = _models(rows)
    ranks = ["strong" if 2 * place >= len(models) else "weak" for place in range(len(models))]
    return {model: ABILITY_BY_RANK[rank][""] for model, rank in zip(models, ranks, strict=True)}


def _true_abilities(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    tries = [(each["model"], each["right"]) for row in rows for each in row["tries"]]
    return {
        model: sum(right for name, right in tries if name == model) / sum(name == model for name, _ in tries)
        for model in _models(rows)
    }


def _card(model: str, ability: float) -> ModelCard:
    return ModelCard(
        name=model, litellm_model=model, family="real", rates=Rates(1, 1), price_id=0, context_window=2_048,
        max_output_tokens=1_024, output=OutputQuantiles(100, 300, 1_000), ability={"": ability},
    )  # fmt: skip


def _share_right(beliefs: Sequence[Run]) -> float | None:
    return round(sum(belief.right for belief in beliefs) / len(beliefs), 4) if beliefs else None
