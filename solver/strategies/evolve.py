"""`evolve`: where a check gives a score, the best versions so far are changed again and again, and the best one is kept.

Mechanism: an archive holds the dozen best versions that differ. Each next call goes to the model and the way (a new
attempt, a change of one version, a combination of two) whose draws of success per expected dollar are largest, as in
`tree`; success is a new best score, half of one a change that rises above what it started from. A change is
told its score, what the check said, and the best score. A version equal to one that was kept counts as no
success. The best so far is always the answer; many trials without progress end the search. Without a score
it is `tree`.

Source: evolutionary program search (FunSearch, Romera-Paredes et al., 2024; AlphaEvolve, Novikov et al., 2025), with
bandits over models and parents (Thompson, 1933; ShinkaEvolve, Lange et al., 2025).
Wins where a check tells better from worse, such as tests of which some pass, or an objective; loses to `vote` where it
only says right or wrong.
"""

import random
from dataclasses import replace

from solver.core.steps import Candidate, Status, Step, StepKind, StepResult, StopReason
from solver.core.strategy import Setting
from solver.inference.explanation import FAILED, count_of
from solver.strategies.tree import Choice, Tree

_PATIENCE = 40
"""So many trials in a row without a better score end the search, once there were scores."""
_COMBINED = 0.2
"""The share of changes that are shown a second version."""
_RISE = 0.5
"""The reward of a change that is better than what it started from, and not the best of all."""
_LEAST, _MOST = 0.05, 0.95
"""The promise of the worst and of the best version in the archive."""


class Evolve(Tree):
    """The state of one search by scores."""

    max_failed_children = 10

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._scores: dict[str, float] = {}
        """By step, of the archive."""
        self._keys: set[str] = set()
        self._top: StepResult | None = None
        self._top_score = self._worst = self._first = 0.0
        self._scored = self._since_progress = 0

    # Asking ---------------------------------------------------------------------------------------------------

    def _trial(self, key: str, index: int, choice: Choice) -> Step:
        node = choice.node
        if node is None or node.result.key not in self._scores:
            return super()._trial(key, index, choice)
        rng = random.Random(f"{self.setting.seed}:{key}:other")  # noqa: S311
        others = [each for name, each in self._frontier.items() if name != node.result.key]
        shown, kind = [node.result], StepKind.REVISE
        if others and rng.random() < _COMBINED:
            shown, kind = [node.result, rng.choice(others).result], StepKind.AGGREGATE
        scores = ", ".join(f"{self._scores.get(each.key, 0.0):g}" for each in shown)
        extra = (
            f"A check scores results; higher is better, and 1 is enough. Scored so far: {scores}; the best of all: "
            f"{self._top_score:g}. {node.critique} Change what keeps the score down."
        )
        purpose = (
            f"Combine {' and '.join(each.key for each in shown)}"
            if len(shown) > 1
            else f"Change {shown[0].key}"
        )
        return self.about(key, kind, choice.model, shown, purpose=purpose, extra=extra)

    # Being told -----------------------------------------------------------------------------------------------

    def take(self, result: StepResult) -> None:
        """Rate a trial by what it started from; keep it where it differs from what is kept."""
        score = score_of(result)
        if score is None:
            self._since_progress += result.kind.answers
            super().take(result)
            return
        repeated = result.answer_key in self._keys
        super().take(result)
        self._note_score(result, score)
        if repeated or result.answer_key is None:
            self._frontier.pop(result.key, None)
        elif result.key in self._frontier:
            self._scores[result.key] = score
            self._keys.add(result.answer_key)
        self._scores = {key: kept for key, kept in self._scores.items() if key in self._frontier}
        for key, kept in self._scores.items():
            self._frontier[key].promise = self._standing(kept)

    def _note_score(self, result: StepResult, score: float) -> None:
        if not self._scored:
            self._first = self._worst = score
        self._scored += 1
        self._worst = min(self._worst, score)
        self._since_progress += 1
        if self._top is None or score > self._top_score:
            self._top, self._top_score, self._since_progress = result, score, 0

    def _reward(self, result: StepResult) -> float:
        score = score_of(result)
        if score is None or result.answer_key in self._keys:
            return super()._reward(result) if score is None else 0.0
        if result.verdict and result.verdict.passed:
            return 1.0
        if self._top is None or score > self._top_score:
            return 1.0
        parents = [self._scores[key] for key in result.parents if key in self._scores]
        return _RISE if parents and score > max(parents) else 0.0

    def _promise(self, result: StepResult) -> float:
        score = score_of(result)
        return super()._promise(result) if score is None else self._standing(score)

    def _standing(self, score: float) -> float:
        """Return where a score lies between the worst and the best one."""
        spread = max(self._top_score, score) - self._worst
        return min(max((score - self._worst) / spread, _LEAST), _MOST) if spread > 0 else 0.5

    # Answering ------------------------------------------------------------------------------------------------

    def best(self) -> Candidate | None:
        """Return the version with the best score, unless one was proven."""
        best = super().best()
        if self._top is None or best is None or self.evidence.proven:
            return best
        top, detail = self._top, self._top.verdict.detail if self._top.verdict else ""
        said = f"Score {self._top_score:g}, the best of {count_of(self._scored, 'version', 'versions')}"
        if self._scored > 1:
            said += f"; the first scored {self._first:g}"
        return replace(
            best, answer=top.answer or "", text=top.text, key=top.answer_key, step_key=top.key, dissent=(),
            explanation=f"{said}. None passed the check.", checked=f"{FAILED} {detail}",
        )  # fmt: skip

    def done(self) -> StopReason | None:
        """Stop also when the score has stood still for long."""
        reason = super().done()
        stands_still = self._scored and self._since_progress >= _PATIENCE
        return StopReason.NO_PROGRESS if reason is None and stands_still else reason

    def stage(self) -> str:
        """Say how good the best version is."""
        return f"Evolve, best score {self._top_score:g}" if self._scored else super().stage()


def score_of(result: StepResult) -> float | None:
    """Return the score that a check gave a result, None where it gave none."""
    return result.verdict.score if result.verdict and result.status is Status.OK else None
