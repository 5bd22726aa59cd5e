"""Fit what is assumed of the demo models' errors to the recorded pool (never to the held-out one): `python -m bench fit`.

1. How their tries fall on modular arithmetic (slope, scatter, concentration and blindness of either model, and how often
   they share a wrong answer): the values at which the right answer is most probable, in the mean of the logarithm, after
   the first few tries of either model. Searched by halving steps, one value at a time.
2. How their tries at Countdown succeed (slope, scatter): the values that make the recorded numbers of right tries most
   likely, for there a checker decides. Then, as in 1, how often right tries agree on one of the many right answers.
3. The calibration of either kind: a logistic regression of being right on the logit of the posterior probability.

What was fitted stands in solver/learning/priors.py and solver/inference/evidence.json; a test compares them with
bench/results/confidence/fit.json.
"""

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from bench.recordings.replay import PoolProblem, judgement_of, panel, pool
from solver.core.models import ModelCard
from solver.core.steps import Status, StepKind, StepResult
from solver.inference.calibration import logit, shares, sigmoid
from solver.inference.evidence import Evidence
from solver.inference.item_response import Skill
from solver.inference.parameters import EvidenceParameters
from solver.inference.vote_likelihood import Counts, ErrorModel, likelihood, log_odds
from solver.text.extract import extract_answer

_STEPS = {"slope": 0.4, "scatter": 0.4, "concentration": 0.4, "blind": 0.8, "shared": 0.8, "agree": 0.4}
"""By how much (in the logarithm) a value is moved at first."""
_LEAST = 0.002
_HALVINGS = 4
_FEW = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32)

type Values = dict[str, float]


class Seen(NamedTuple):
    """The votes of some tries: for each answer (the right one first, where it was given), and for all."""

    answers: tuple[Counts, ...]
    totals: Counts
    right_given: bool


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return the fitted values and how much they improve on what stands in the code."""
    items = pool()[: 200 if quick else None]
    modular = [item for item in items if item.unseen.kind == "modular"]
    countdown = [item for item in items if item.unseen.kind == "countdown"]
    votes, misfit = _fit_votes("modular", modular, ("slope", "scatter", "concentration", "blind"), {})
    tries = [_right_tries(item) for item in countdown]
    start = _start("countdown", ("slope", "scatter"))
    counts, *count_misfit = _descend(start, lambda values: _counts_loss(values, tries))
    agreeing, agree_misfit = _fit_votes("countdown", countdown, ("concentration", "agree"), counts)
    return {
        "modular": _rounded(votes),
        "modular_log_loss": _rounded_pair(misfit),
        "countdown": _rounded(counts | agreeing),
        "countdown_log_loss": _rounded_pair(count_misfit),
        "countdown_votes_log_loss": _rounded_pair(agree_misfit),
        "calibration": {
            kind: calibration(of, kind, values)
            for kind, of, values in (
                ("modular", modular, votes),
                ("countdown", countdown, counts | agreeing),
            )
        },
    }


def _rounded(values: Values) -> Values:
    return {name: round(value, 3) for name, value in values.items()}


def _rounded_pair(losses: Sequence[float]) -> list[float]:
    return [round(loss, 4) for loss in losses]


def _start(kind: str, names: Sequence[str]) -> Values:
    return {f"{card.name} {name}": getattr(card.trait_for(kind), name) for card in panel() for name in names}


def _fit_votes(
    kind: str, items: Sequence[PoolProblem], names: Sequence[str], known: Values
) -> tuple[Values, Sequence[float]]:
    """Return how votes fall on problems of a kind, and the loss before and after."""
    error_model = _wrongs(kind)
    seen = _seen(items)
    start = {"shared": error_model.shared} | _start(kind, names)
    values, *loss = _descend(
        start,
        lambda values: _votes_loss(
            _skills(known | values, kind, voting=True), values["shared"], seen, error_model
        ),
    )
    return values, loss


def _wrongs(kind: str) -> ErrorModel:
    shipped = EvidenceParameters.of(kind)
    return ErrorModel(shipped.open_answers, shipped.shared)


def _descend(start: Values, loss: Callable[[Values], float]) -> tuple[Values, float, float]:
    """Return the best values found, and the loss at the start and at the end."""
    values = {name: max(value, _LEAST) for name, value in start.items()}
    first = best = loss(values)
    for halving in range(_HALVINGS):
        for name in start:
            for sign in (1.0, -1.0):
                factor = math.exp(sign * _STEPS[name.rpartition(" ")[2]] / 2**halving)
                moved = values | {name: min(max(values[name] * factor, _LEAST), _most(name))}
                if (found := loss(moved)) < best:
                    values, best = moved, found
                    break
    return values, first, best


def _most(name: str) -> float:
    return 1.0 if name.endswith("agree") else 0.5 if name.endswith(("blind", "shared")) else 50.0


def _cards(values: Values, kind: str) -> list[ModelCard]:
    """Return the panel with fitted values."""
    cards = []
    for card in panel():
        mine = {
            name.removeprefix(f"{card.name} "): value for name, value in values.items() if card.name in name
        }
        traits = {**card.traits.get(kind, {}), **mine}
        cards.append(replace(card, traits={**card.traits, kind: traits}))
    return cards


def _skills(values: Values, kind: str, *, voting: bool) -> tuple[Skill, ...]:
    traits = [card.trait_for(kind) for card in _cards(values, kind)]
    return tuple(Skill(trait.voting() if voting else trait) for trait in traits)


def _votes_loss(
    skills: tuple[Skill, ...], shared: float, seen: Sequence[Seen], error_model: ErrorModel
) -> float:
    """Return the mean of −ln P(the truth | votes)."""
    total = 0.0
    for votes in seen:
        odds = log_odds(
            skills, ErrorModel(error_model.options, shared), votes.answers, votes.totals, len(votes.answers)
        )
        chances = shares(list(odds))
        right = chances[0] if votes.right_given else 1.0 - sum(chances)
        total -= math.log(max(right, 1e-9))
    return total / len(seen)


def _counts_loss(values: Values, tries: Sequence[tuple[Counts, Counts]]) -> float:
    """Return the mean of −ln P(so many right tries of so many), for both models together."""
    skills = _skills(values, "countdown", voting=False)
    return -sum(likelihood(skills, right, totals) for right, totals in tries) / len(tries)


def _right_tries(item: PoolProblem) -> tuple[Counts, Counts]:
    right, totals = [], []
    for card in panel():
        recording = item.recordings[card.name]
        passed = [item.is_right(answer) for answer in recording.answers]
        right.append(float(sum(passed[place] for place, _ in recording.samples)))
        totals.append(float(len(recording.samples)))
    return tuple(right), tuple(totals)


def _seen(items: Sequence[PoolProblem]) -> list[Seen]:
    """Return votes after some first tries of either model, for every problem twice."""
    rng, seen = random.Random("fit"), []
    for item in items:
        truth = _most_given_right(item)
        for _ in range(2):
            numbers = [rng.choice(_FEW), rng.choice(_FEW)]
            if not sum(numbers):
                continue
            counts = [_keys(item, card.name, n) for card, n in zip(panel(), numbers, strict=True)]
            keys = dict.fromkeys(key for each in counts for key in each)
            order = sorted(keys, key=lambda key: key != truth)
            answers = tuple(tuple(float(each[key]) for each in counts) for key in order)
            totals = tuple(float(sum(each.values())) for each in counts)
            seen.append(Seen(answers, totals, truth in keys))
    return seen


def _keys(item: PoolProblem, model: str, tries: int) -> Counter[str]:
    recording = item.recordings[model]
    said = (recording.answers[place] for place, _ in recording.samples[:tries])
    return Counter(
        str(judgement_of(item, answer, is_checkable=False).key) for answer in said if answer is not None
    )


def _most_given_right(item: PoolProblem) -> str | None:
    """Return the key of the right answer that most of all recorded tries come to."""
    given: Counter[str] = Counter()
    for card in panel():
        recording = item.recordings[card.name]
        right = [answer if item.is_right(answer) else None for answer in recording.answers]
        given.update(
            str(judgement_of(item, right[place], is_checkable=False).key)
            for place, _ in recording.samples
            if right[place] is not None
        )
    return max(given, key=given.__getitem__, default=None)


def calibration(items: Sequence[PoolProblem], kind: str, values: Values) -> Mapping[str, float]:
    """Return intercept and slope by which the logit of a posterior becomes that of being right (Platt, 1999)."""
    rng, pairs = random.Random("calibration"), []
    for item in items:
        known = Evidence(item.problem(is_checkable=False), _cards(values, kind))
        for card in panel():
            recording = item.recordings[card.name]
            for turn in range(rng.choice(_FEW)):
                answer = recording.answers[recording.samples[turn][0]]
                key = judgement_of(item, answer, is_checkable=False).key
                known.tell(
                    StepResult(
                        f"{card.name}/{turn}", StepKind.SAMPLE, Status.OK, model=card.name, text=f"Answer: {answer}",
                        answer=answer, answer_key=key,
                    )
                )  # fmt: skip
        best = known.best()
        if best is not None and best.key is not None:
            pairs.append(
                (logit(known.probability(best.key)), float(item.is_right(extract_answer(best.text))))
            )
    return _logistic(pairs)


def _logistic(pairs: Sequence[tuple[float, float]]) -> Mapping[str, float]:
    """Return the most likely intercept and slope, by Newton's method."""
    a, b = 0.0, 1.0
    for _ in range(30):
        g0 = g1 = h00 = h01 = h11 = 1e-9
        for x, y in pairs:
            p = sigmoid(a + b * x)
            weight = p * (1.0 - p)
            g0, g1 = g0 + y - p, g1 + (y - p) * x
            h00, h01, h11 = h00 + weight, h01 + weight * x, h11 + weight * x * x
        whole = h00 * h11 - h01 * h01
        a, b = a + (h11 * g0 - h01 * g1) / whole, b + (h00 * g1 - h01 * g0) / whole
    return {"intercept": round(a, 3), "slope": round(b, 3)}
