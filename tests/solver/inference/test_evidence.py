"""The books of a job's evidence: how probable each answer is, why, and who dissents."""

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.checkers.arithmetic import Arithmetic
from solver.checkers.number import Number
from solver.core.problem.statement import Problem
from solver.core.steps import Status, StepKind, StepResult
from solver.core.trait import Trait
from solver.core.verdict import Verdict
from solver.inference.calibration import calibrated, shares
from solver.inference.evidence import Evidence
from solver.inference.item_response import skill_of
from solver.inference.parameters import EvidenceParameters, shipped_parameters
from solver.inference.vote_likelihood import ErrorModel, log_odds
from solver.simulation.world import RIGHT, World, cards
from solver.text.extract import extract_answer
from tests.solver.simulated import card

PANEL = [card("demo/one", ability=0.6), card("other/two", ability=0.6)]


def evidence(problem=None, panel=None):
    return Evidence(problem or Problem("?"), panel or PANEL)


def answer(key, said, model="demo/one", parents=(), kind=StepKind.SAMPLE, passed=None):
    verdict = None if passed is None else Verdict(passed, "number", "The answer is 7.")
    return StepResult(
        key, kind, Status.OK, model=model, parents=parents, text=f"Answer: {said}", answer=said,
        answer_key=f"num:{said}", verdict=verdict,
    )  # fmt: skip


def grade(key, of, *, passed, model="other/two"):
    text = f"Step 1: ok\nVerdict: {'correct' if passed else 'incorrect'}"
    return StepResult(key, StepKind.GRADE, Status.OK, model=model, parents=(of,), text=text)


def compared(key, first, second, better, model="other/two"):
    return StepResult(
        key, StepKind.COMPARE, Status.OK, model=model, parents=(first, second), text=f"Better: {better}"
    )


def confidence_of(*results, panel=None):
    known = evidence(panel=panel)
    for result in results:
        known.tell(result)
    return known.best().confidence


def votes(*said, model="demo/one"):
    return [answer(f"{model}/{index}", each, model) for index, each in enumerate(said)]


def test_one_try_is_as_probable_as_its_model_is_able():
    """Without anything else to go by the prior is the ability, whatever the model."""
    for ability in (0.2, 0.5, 0.9):
        known = evidence(panel=[card(ability=ability)])
        known.tell(answer("a", "7"))
        assert known.probability(known.ranked(1)[0].key) == pytest.approx(ability, abs=0.04)


def test_agreement_raises_and_dissent_lowers_the_probability():
    """Each agreeing try helps, each rival hurts, and scattered tries mean that none may be right."""
    rising = [confidence_of(*votes(*["7"] * count)) for count in (1, 2, 3, 4)]
    assert rising == sorted(rising)
    assert confidence_of(*votes("7", "7", "8", "8")) < 0.6
    assert confidence_of(*votes("1", "2", "3", "4", "5", "6")) < 0.2


def test_another_family_agreeing_is_worth_more_than_the_same_again():
    """Errors of one family repeat each other."""
    same = confidence_of(*votes("7", "7"))
    other = confidence_of(*votes("7"), *votes("7", model="other/two"))
    assert other > same


def test_repeating_what_one_was_shown_is_little_evidence():
    """A revision that keeps the answer adds less than an independent try; one that leaves it counts fully."""
    first = answer("a", "7")
    kept = confidence_of(first, answer("b", "7", parents=("a",), kind=StepKind.REVISE))
    independent = confidence_of(first, answer("b", "7"))
    left = evidence()
    for result in (first, answer("b", "8", parents=("a",), kind=StepKind.REVISE)):
        left.tell(result)
    assert confidence_of(first) < kept < independent
    assert left.probability("num:7") == pytest.approx(left.probability("num:8"))


def test_a_text_that_cites_what_nobody_read_counts_half():
    """Its attempt may cite the files' passages and what its own tools brought; others' sources are not its own."""
    files = Problem('?\n<passage number="1">\nx\n</passage>')
    source = {"title": "t", "address": "https://e.org", "where": "", "date": "", "text": "x"}
    use = StepResult(
        "agent/0/0/0", StepKind.TOOL, Status.OK, note={"tool": "read_page", "outcome": {"sources": [source]}}
    )

    def leads(key, text):
        known = evidence(files)
        for told in (use, replace(answer(key, "7"), text=text), answer("other", "8")):
            known.tell(told)
        return known.probability("num:7") / known.probability("num:8")

    honest = leads("agent/0/1", "It is [1], and so [2].")
    assert leads("agent/1/1", "It is 7.") == pytest.approx(honest)
    assert leads("agent/0/1", "It is so [3].") < honest * 0.9
    assert leads("agent/1/1", "It is so [2].") < honest * 0.9
    assert leads("plain", "It is so [2].") < honest * 0.9


def test_grades_move_an_answer_and_repeated_grades_less_so():
    """A pass helps and a fail hurts; the third grade of the same grader says less than the first."""
    base = [answer("a", "7")]
    one, two, three = (
        confidence_of(*base, *(grade(f"g{i}", "a", passed=True) for i in range(count))) for count in (1, 2, 3)
    )
    assert confidence_of(*base) < one < two < three < 0.9
    assert three - two < two - one < one - confidence_of(*base)
    assert confidence_of(*base, grade("g", "a", passed=False)) < confidence_of(*base)


def test_a_grader_of_the_solvers_family_says_less():
    """It shares the solver's blind spots."""
    other = confidence_of(answer("a", "7"), grade("g", "a", passed=True))
    own = confidence_of(answer("a", "7"), grade("g", "a", passed=True, model="demo/one"))
    assert own < other


def test_a_graders_quality_is_learned_from_what_the_checker_decided():
    """One that passes what the checker refused is trusted less, one that fails it more."""
    rubber, strict = evidence(), evidence()
    for index in range(12):
        for known, passed in ((rubber, True), (strict, False)):
            known.tell(answer(f"a{index}", str(index), passed=False))
            known.tell(grade(f"g{index}", f"a{index}", passed=passed))
    assert rubber.quality("other/two").specificity < 0.4
    assert strict.quality("other/two").specificity > 0.75


def test_a_graders_quality_is_learned_from_agreement():
    """Where eight tries agree and one dissents, a grader that fails the eight is the one to doubt."""
    known = evidence()
    for result in votes(*["7"] * 8, "3"):
        known.tell(result)
    before = known.quality("other/two").sensitivity
    for index in range(6):
        known.tell(grade(f"g{index}", f"demo/one/{index}", passed=False))
    assert known.quality("other/two").sensitivity < before - 0.2
    assert known.best().answer == "7"


def test_comparisons_lift_the_winner():
    """Between answers with as many votes, the preferred one leads."""
    known = evidence()
    for result in votes("7", "8"):
        known.tell(result)
    for index, better in enumerate("BA"):
        pair = ("demo/one/0", "demo/one/1") if index == 0 else ("demo/one/1", "demo/one/0")
        known.tell(compared(f"c{index}", *pair, better))
    assert known.best().answer == "8"
    assert "won 2 of 2 comparisons" in known.best().explanation


def test_what_the_checker_says_is_final():
    """A proven answer leads whatever the votes; a refused one is never believed."""
    known = evidence(Problem("?", checker=Number("7")))
    for result in [answer(f"a{i}", "8", passed=False) for i in range(5)]:
        known.tell(result)
    assert known.best().confidence == 0.0
    assert "no answer passed the check" in known.best().explanation
    assert known.best().checked == "✗ The answer is 7."
    known.tell(answer("b", "7", passed=True))
    assert (known.best().answer, known.best().confidence) == ("7", 0.99)
    assert known.best().checked == "✓ The answer is 7."
    assert known.best().explanation == "A checker confirmed it after 6 attempts."


@pytest.mark.parametrize(
    ("checker", "agreeing", "others", "is_doubted"),
    [
        (Number("7"), 5, 2, True),
        (Number("7"), 4, 0, False),
        (Number("7"), 5, 5, False),
        (Arithmetic((3, 5), 8), 9, 0, False),
    ],
)
def test_a_check_that_refuses_what_most_agree_on_is_put_in_doubt(checker, agreeing, others, is_doubted):
    """Somebody may have mistyped what is right; what is computed needs no such doubt."""
    known = evidence(Problem("?", checker=checker))
    for n in range(agreeing):
        known.tell(answer(f"a{n}", "8", passed=False))
    for n in range(others):
        known.tell(answer(f"b{n}", str(20 + n), passed=False))
    assert ("look at the check, too" in known.best().explanation) is is_doubted


def test_a_puzzle_without_a_solution_is_said_to_be_one():
    """What was bought in vain is explained by the problem, not by the models."""
    known = evidence(Problem("?", checker=Arithmetic((3, 5, 7, 25), 58)))
    known.tell(answer("a", "3 + 5 + 7 * 25", passed=False))
    assert "passed the check. No expression that uses each of 3, 5, 7 and 25" in known.best().explanation


def test_an_essay_is_believed_as_far_as_graders_go():
    """Free text that cannot be compared has no confidence of its own; grades give it one."""
    essay = StepResult("a", StepKind.SAMPLE, Status.OK, model="demo/one", text="An essay.")
    alone = confidence_of(essay)
    passed = confidence_of(essay, grade("g", "a", passed=True), grade("h", "a", passed=True))
    failed = confidence_of(essay, grade("g", "a", passed=False))
    assert alone == 0.0
    assert failed < 0.6 < passed


def test_many_right_expressions_do_not_contradict_each_other():
    """Two ways to a target are two answers; each stands on its own."""
    known = evidence()
    for index, said in enumerate(["3*4", "4*3", "2*6"]):
        known.tell(
            StepResult(
                f"s/{index}", StepKind.SAMPLE, Status.OK, model="demo/one", text=said, answer=said,
                answer_key=f"expr:{said}",
            )
        )  # fmt: skip
    assert [known.probability(each.key) for each in known.ranked(3)] == pytest.approx([0.6] * 3, abs=0.01)


def test_the_sentence_says_what_the_probability_rests_on():
    """Attempts, revisions and grades, in plain words; what was checked; which other answers there are."""
    known = evidence()
    for result in [*votes("7", "7", "8"), answer("r", "7", parents=("demo/one/0",), kind=StepKind.REVISE)]:
        known.tell(result)
    for index in range(2):
        known.tell(grade(f"g{index}", "demo/one/0", passed=True))
    best = known.best()
    assert best.explanation == (
        "2 of 3 attempts gave this answer; one revision ended with it; accepted by a grader twice."
    )
    assert best.checked == "✓ Accepted by other/two in 2 of 2 checks."
    assert best.dissent == (("8", 1),)


def test_the_sentence_says_why_an_answer_of_fewer_attempts_is_shown():
    """Otherwise the list of all answers, with their counts, contradicts it."""
    known = evidence(panel=[card("demo/one", ability=0.05), card("other/two", ability=0.95)])
    for result in [*votes("8", "8", "8"), *votes("7", "7", model="other/two")]:
        known.tell(result)
    best = known.best()
    assert best.answer == "7"
    assert best.explanation == (
        "2 of 5 attempts gave this answer; more attempts gave another, but models differ in how often they are right."
    )


def test_the_sentence_says_which_other_answers_were_refuted():
    """A grade of a rival is evidence as well, and the reader is told of it."""
    known = evidence()
    for result in votes("7", "7", "8", "9"):
        known.tell(result)
    for place in (2, 3):
        known.tell(grade(f"g{place}", f"demo/one/{place}", passed=False))
    explanation = known.best().explanation
    assert explanation == "2 of 4 attempts gave this answer; a grader rejected 2 other answers."


def test_an_answer_that_graders_rejected_is_marked_so():
    """No tick stands before a rejection."""
    known = evidence()
    known.tell(answer("a", "7"))
    for index in range(3):
        known.tell(grade(f"g{index}", "a", passed=False))
    best = known.best()
    assert best.explanation == "One attempt gave this answer; rejected by a grader 3 times."
    assert best.checked == "✗ Rejected by other/two in 3 of 3 checks."


def test_no_count_of_zero_is_shown():
    """An answer that only a revision found has no attempts to boast of."""
    known = evidence()
    known.tell(answer("a", "8"))
    known.tell(answer("r", "7", parents=("a",), kind=StepKind.REVISE))
    for index in range(4):
        known.tell(grade(f"g{index}", "r", passed=True))
    best = known.best()
    assert best.answer == "7"
    assert best.explanation == "One revision ended with it; accepted by a grader 4 times."


def test_the_text_that_a_grader_passed_is_shown():
    """Of equal answers the one whose working was passed is the better solution to read."""
    known = evidence()
    known.tell(answer("a", "7"))
    known.tell(answer("b", "7"))
    known.tell(grade("g", "b", passed=True))
    assert known.best().step_key == "b"


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(["demo/one", "other/two", "gone/model"])), max_size=14
    )
)
def test_probabilities_are_probabilities(tries):
    """Exclusive answers sum to at most one, whatever was told, twice or by a model that has left the panel."""
    known = evidence()
    for index, (said, model) in enumerate(tries):
        for _ in range(2):
            known.tell(answer(f"s/{index}", str(said), model))
    total = sum(known.probability(key) for key in known.clusters)
    assert 0.0 <= total <= 1.0 + 1e-9
    assert known.tries == len(tries)


def test_a_choice_of_two_counts_differently_from_an_open_question():
    """Among two options wrong tries must agree, so agreement proves less."""
    three = ((3.0,),)
    odds = [
        log_odds((skill_of(Trait(0.6)),), ErrorModel(options, 0.2), three, three[0], 1)[0]
        for options in (2, 1_000)
    ]
    assert odds[0] < odds[1]
    assert math.isclose(sum(shares([0.0, 0.0])), 2 / 3)


def test_confidence_is_calibrated_in_the_simulated_world():
    """Over many simulated votes the mean confidence is near the share of right answers, in each half."""
    panel, messages, seen = cards(), Problem("?").messages(), []
    for seed in range(400):
        world, rng = World(seed), random.Random(f"calibration:{seed}")
        mix, count = rng.choice([[1], [2], [2, 2, 1]]), rng.choice([1, 2, 4, 8, 16])
        known = evidence(panel=panel)
        for index in range(count):
            model = panel[mix[index % len(mix)]].name
            said = extract_answer(world.reply(model, messages, index).text)
            known.tell(answer(f"s/{index}", said, model))
        seen.append((known.best().confidence, known.best().answer == RIGHT))
    for part in ([s for s in seen if s[0] < 0.7], [s for s in seen if s[0] >= 0.7]):
        mean, right = (sum(column) / len(part) for column in zip(*part, strict=True))
        assert abs(mean - right) < 0.1, (mean, right, len(part))


def test_calibration_keeps_its_bounds():
    """No posterior is shown as certain."""
    shipped = EvidenceParameters.of("").calibration
    assert calibrated(0.0, shipped) == 0.01
    assert calibrated(1.0, shipped) == 0.99
    assert calibrated(0.5, shipped) == pytest.approx(0.5)


def test_evidence_is_weighed_by_the_parameters_that_were_pinned():
    """What a later release ships changes nothing of a job that pinned its own, and fills in what that table lacks."""
    pinned = {**shipped_parameters(), "open_answers": 3, "shared": 0.9, "unknown": 1}
    del pinned["specificity"]
    told = [answer("s/0", "4"), answer("s/1", "4", "other/two"), answer("s/2", "5")]
    known, shipped = Evidence(Problem("?"), PANEL, pinned), evidence()
    for each in told:
        known.tell(each)
        shipped.tell(each)
    assert known.error_model() == ErrorModel(3, 0.9)
    assert known.confidence() < shipped.confidence()
    assert known.parameters.specificity == shipped.parameters.specificity


def test_an_answer_that_the_checker_could_not_judge_is_said_to_be_so():
    """It is not refused; a later reply with that answer that was judged takes the sentence away."""
    known = evidence(Problem("?", checker=Number("3")))
    unread = Verdict(None, "number", "The answer is not a plain number.")
    known.tell(replace(answer("s/0", "4"), verdict=unread))
    words = "The checker could not judge this answer: the answer is not a plain number."
    assert known.best().checked == words
    assert not known.clusters["num:4"].refused
    known.tell(answer("s/1", "4", passed=False))
    known.tell(replace(answer("s/2", "4"), verdict=unread))
    assert known.best().checked == ""


def test_when_a_model_that_left_was_first_weighed_changes_nothing():
    """An execution that weighed after every vote and one that weighs once at the end believe the same."""
    told = [
        *votes("7", "7", "8"),
        *votes("8", "7", model="gone/two"),
        *votes("8", model="gone/one"),
        *votes("7", model="other/two"),
    ]
    often, once = evidence(), evidence()
    for result in told:
        often.tell(result)
        often.probabilities()
        once.tell(result)
    assert often.probabilities() == once.probabilities()
    assert often.skills() == once.skills() == evidence().skills()
