"""What one more grade of an answer is worth: how much it adds to the probability that the answer given is right.

A grade moves the odds of its answer up or down; it pays where one of the two puts another answer ahead (preposterior
analysis, Raiffa and Schlaifer, 1961). How likely a pass is follows from the odds before and after, so that opinions
which are believed little, being repeated or of the solver's own family, are also worth little.
"""

from solver.inference.calibration import logit, sigmoid
from solver.inference.judge_likelihood import Quality, grade_log_odds
from solver.inference.parameters import EvidenceParameters


def gain_of_grade(
    probability: float,
    rival: float,
    grades: tuple[int, int],
    quality: Quality,
    parameters: EvidenceParameters,
    *,
    same_family: bool,
) -> float:
    """Return what one more grade adds, `rival` being how probable the best other answer is, `grades` passes and fails."""
    passes, fails = grades
    before = grade_log_odds(passes, fails, quality, parameters, same_family=same_family)
    up = grade_log_odds(passes + 1, fails, quality, parameters, same_family=same_family) - before
    down = grade_log_odds(passes, fails + 1, quality, parameters, same_family=same_family) - before
    passed, failed = (sigmoid(logit(probability) + step) for step in (up, down))
    if not failed < probability < passed:
        return 0.0
    chance = (probability - failed) / (passed - failed)
    gained = chance * _best(passed, probability, rival) + (1.0 - chance) * _best(failed, probability, rival)
    return max(gained - max(probability, rival), 0.0)


def _best(now: float, before: float, rival: float) -> float:
    """Return the probability of the best answer when one went from `before` to `now` and the others share the rest."""
    return max(now, rival * (1.0 - now) / (1.0 - before)) if before < 1.0 else now
