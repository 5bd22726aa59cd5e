"""What a job teaches, and what becomes of it."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.core.models import OutputQuantiles
from solver.core.steps import Status, StepKind
from solver.learning.censored_histogram import (
    bin_of,
    imagined,
    observed_counts,
    quantiles,
    value_of,
)
from solver.learning.observations import (
    BELIEVED,
    Aspect,
    CallObservation,
    FinishedJob,
    count_updates_of,
    merged,
)
from solver.learning.posteriors import informed, seconds_per_call, win_share
from solver.learning.sharing import MOST_PER_DAY, MOST_SHARE, PRIOR_JOBS, allowance, guess_jobs, others
from solver.quotes.quantile_tracking import Measured, shift_of, tracked
from solver.quotes.quote import Shift
from tests.solver.simulated import card


def call(number, *, passed=None, answer="num:1", asked_s=0.0, told_s=5.0, **fields):
    defaults = {
        "key": f"sample/{number}", "kind": StepKind.SAMPLE, "status": Status.OK, "model": "demo/one", "parents": (),
        "reply": "", "output_tokens": 100, "cut": False,
    }  # fmt: skip
    return CallObservation(
        answer_key=answer, passed=passed, asked_s=asked_s, told_s=told_s, **(defaults | fields)
    )


def finished(observations, **fields):
    defaults = {
        "version": 1, "strategy": "vote", "kind": "number", "is_checkable": True, "stop_reason": "solved",
        "confidence": 0.99, "answer_key": "num:1", "is_proven": False,
    }  # fmt: skip
    return FinishedJob(observations=observations, **(defaults | fields))


def taught(job):
    return {(each.aspect, each.subject): each.counts for each in count_updates_of(job)}


def test_only_the_first_wave_teaches_ability():
    """A later success came only because the first tries failed."""
    job = finished(
        [
            call(0, passed=False),
            call(1, passed=False),
            call(2, passed=True, asked_s=6.0, told_s=9.0),
        ]
    )
    assert taught(job)[Aspect.ABILITY, "demo/one"] == {"right": 0.0, "wrong": 1.0}


def test_a_job_is_one_observation():
    """However many tries it bought."""
    job = finished([call(n, passed=n % 4 == 0) for n in range(8)])
    found = taught(job)
    assert found[Aspect.ABILITY, "demo/one"] == {"right": 0.25, "wrong": 0.75}
    assert found[Aspect.OUTPUT, "demo/one"] == {f"seen:{bin_of(100)}": pytest.approx(1.0)}


def test_an_answer_that_the_checker_left_undecided_teaches_no_ability():
    """A try without any answer is wrong; one whose answer could not be read in time is neither right nor wrong."""
    job = finished([call(0, passed=True), call(1, passed=None), call(2, passed=None, answer="")])
    assert taught(job)[Aspect.ABILITY, "demo/one"] == {"right": 0.5, "wrong": 0.5}
    assert (Aspect.ABILITY, "demo/one") not in taught(finished([call(0, passed=None)]))


def test_without_a_checker_the_confidence_is_the_truth():
    """A try that agrees with an answer that is 80 % sure is right with 80 %."""
    job = finished(
        [call(0), call(1, answer="num:2")],
        is_checkable=False,
        stop_reason="confident",
        confidence=0.8,
    )
    assert taught(job)[Aspect.ABILITY, "demo/one"]["right"] == pytest.approx(0.4)


@pytest.mark.parametrize("reason", ["finished_by_user", "cancelled", "time_limit", "failed"])
def test_what_a_user_stopped_says_nothing_of_a_strategy(reason):
    """Lengths and times still count."""
    found = taught(finished([call(0)], stop_reason=reason, is_checkable=False))
    assert {aspect for aspect, _ in found} == {Aspect.OUTPUT, Aspect.SECONDS}


def test_a_person_is_believed_where_no_checker_knows():
    """Right raises what the job was sure of, wrong lowers it, and says nothing of the other answers."""
    tries = [call(0), call(1, answer="num:2", model="demo/two")]
    open_job = finished(tries, is_checkable=False, confidence=0.6, stop_reason="finished_by_user")
    one, two = (Aspect.ABILITY, "demo/one"), (Aspect.ABILITY, "demo/two")
    assert one not in taught(open_job)
    right = taught(replace(open_job, said_right=True))
    assert (right[one]["right"], right[two]["right"]) == (BELIEVED, 0.0)
    wrong = taught(replace(open_job, said_right=False))
    assert wrong[one]["right"] == pytest.approx(1 - BELIEVED)
    assert two not in wrong
    sure = replace(open_job, confidence=0.99, said_right=True)
    assert taught(sure)[one]["right"] == 0.99


def test_a_person_does_not_contradict_a_checker():
    """What a checker decided stays decided, and of a text nothing is counted."""
    judged = finished([call(0, passed=True)])
    assert taught(replace(judged, said_right=False)) == taught(judged)
    text = finished([call(0)], is_checkable=False, is_counted=False)
    assert taught(replace(text, said_right=True)) == taught(text)


def test_judges_learn_from_a_person_less_than_from_a_checker():
    """A judge that passed the answer said to be wrong, and preferred it, weighs as much as the person is believed."""
    job = finished(
        [
            call(0),
            call(1, answer="num:2"),
            call(2, kind=StepKind.GRADE, model="demo/judge", parents=("sample/0",), reply="Verdict: correct"),
        ],
        is_checkable=False,
    )
    assert (Aspect.JUDGING, "demo/judge") not in taught(job)
    said = taught(replace(job, said_right=False))[Aspect.JUDGING, "demo/judge"]
    assert said == {"pass_wrong": pytest.approx(2 * BELIEVED - 1)}


def test_judges_are_taught_where_a_checker_knows():
    """A grade of a refused answer that passed is one missed error; without a verdict nothing is learned."""
    tries = [call(0, passed=True), call(1, passed=False), call(2, passed=None)]
    grades = [
        call(3 + n, kind=StepKind.GRADE, model="judge", parents=(f"sample/{n}",), reply="Verdict: correct")
        for n in range(3)
    ]
    better = call(
        9, kind=StepKind.COMPARE, model="judge", parents=("sample/1", "sample/0"), reply="Better: B"
    )
    assert taught(finished([*tries, *grades, better]))[Aspect.JUDGING, "judge"] == {
        "pass_right": 1.0, "pass_wrong": 1.0, "better_right": 1.0,
    }  # fmt: skip


def test_replies_cut_short_do_not_talk_lengths_down():
    """Half of the replies are cut at 100 tokens: the median of the others is not the median."""
    counts = {}
    for n in range(200):
        length = 60 * 1.02**n
        counts = merged(counts, observed_counts(min(length, 1_000), 1.0, cut=length > 1_000))
    median, high = quantiles(counts, (0.5, 0.6))
    assert median == pytest.approx(60 * 1.02**100, rel=0.15)
    assert high > median


def test_a_higher_quantile_is_never_below_a_lower_one():
    """Where most replies of the longest bin were cut short, the ninth decile is not below the median."""
    counts = merged(observed_counts(128, 12.0), observed_counts(128, 9.0, cut=True))
    median, high = quantiles(counts, (0.5, 0.9))
    assert 128 < median <= high


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans(), st.floats(0.1, 50)), min_size=1))
def test_quantiles_are_in_order(observed):
    """Whatever was seen and cut."""
    counts = {}
    for place, cut, weight in observed:
        counts = merged(counts, observed_counts(value_of(place), weight, cut=cut))
    found = quantiles(counts, (0.1, 0.5, 0.9, 0.99))
    assert found == sorted(found)


def test_imagined_lengths_have_the_prior_s_quantiles():
    """With nothing learned the prior comes back, about."""
    prior = OutputQuantiles(1_000, 4_000, 16_000)
    found = quantiles({}, (0.5, 0.9), imagined(prior, 20))
    assert found[0] == pytest.approx(1_000, rel=0.35)
    assert found[1] == pytest.approx(4_000, rel=0.35)
    assert quantiles({}, (0.5,)) == [0.0]


def test_a_card_learns_ability_lengths_and_judging():
    """A hundred jobs outweigh the prior; another kind of problem is untouched."""
    store = {
        (Aspect.ABILITY, "demo/one"): {"right": 95.0, "wrong": 5.0},
        (Aspect.OUTPUT, "demo/one"): observed_counts(200, 100.0),
        (Aspect.JUDGING, "demo/one"): {"pass_right": 99.0, "fail_right": 1.0},
        (Aspect.SECONDS, "demo/one"): observed_counts(8.0, 10.0),
    }
    known = informed(card(), "number", store)
    assert 0.85 < known.ability_for("number") < 0.95
    assert known.ability_for("open") == card().ability_for("open")
    assert 150 < known.output.q50 <= known.output.q90 <= known.output.q995 <= known.max_output_tokens
    assert known.judging_for("number")["sensitivity"] > 0.9
    assert known.judging_for("open") == {}
    assert seconds_per_call(["demo/one", "demo/two"], store, default=30.0) == pytest.approx(8.0, rel=0.1)
    assert seconds_per_call(["demo/two"], store, default=30.0) == 30.0
    assert informed(card(), "number", {}) == replace(card(), ability={"": 0.6, "number": 0.6})


@pytest.mark.parametrize("proven", [True, False])
def test_who_is_right_is_shared_only_where_a_computation_proved_it(proven):
    """Lengths, times and ends of jobs may inform others; ability and judging rest on somebody's word elsewhere."""
    grade = call(1, kind=StepKind.GRADE, model="judge", parents=("sample/0",), reply="Verdict: correct")
    updates = count_updates_of(finished([call(0, passed=True), grade], is_proven=proven))
    shared = {update.aspect for update in updates if update.is_shared}
    all_of_them = {Aspect.ABILITY, Aspect.JUDGING, Aspect.OUTPUT, Aspect.SECONDS, Aspect.STRATEGY}
    assert {update.aspect for update in updates} == all_of_them
    assert shared == (all_of_them if proven else all_of_them - {Aspect.ABILITY, Aspect.JUDGING})


@pytest.mark.parametrize("of_others", [0.0, 7.0, 15.0, 40.0, 1_000.0])
def test_one_workspace_has_at_most_its_share_of_what_all_believe(of_others):
    """However often it is heard, a twentieth of the weight, a prior's included, also where jobs replace a mere guess."""
    given = 0.0
    for _ in range(1_000):
        given += min(allowance(shared=of_others + given, given=given, given_today=0.0), 1.0)
    shared = of_others + given
    assert given / (guess_jobs(shared) + shared) == pytest.approx(MOST_SHARE)
    assert given / (PRIOR_JOBS + shared) < MOST_SHARE


def test_a_workspace_shares_little_a_day():
    """Five observations, however much the others have shared; none where it has its share already."""
    assert allowance(shared=10_000.0, given=0.0, given_today=0.0) == MOST_PER_DAY
    assert allowance(shared=10_000.0, given=0.0, given_today=4.5) == pytest.approx(0.5)
    assert allowance(shared=0.0, given=50.0, given_today=0.0) == 0.0


def test_what_a_workspace_gave_itself_is_not_counted_twice():
    """Others' counts are the shared ones without its own, which were halved as often as the shared ones since."""
    assert others({"right": 10.0, "wrong": 4.0}, {"right": 4.0, "wrong": 8.0}, halvings=1) == {"right": 8.0}


def test_few_jobs_shift_the_quotes_of_others_little():
    """A shared shift counts as if twenty more jobs had needed none, and a job that counts for less moves it less."""
    seen = Measured((1, 2, 10), (1, 2), 0.5, 100, 50, 1.0, won=True)
    whole, part = tracked({}, seen, checked=True), tracked({}, seen, checked=True, weight=0.5)
    assert part["checked_cost_p90"] == pytest.approx(whole["checked_cost_p90"] / 2)
    shrunk = shift_of(whole, checked=True, shrunk=True)
    assert shrunk.cost[2] == pytest.approx(shift_of(whole, checked=True).cost[2] / 21)


def test_a_first_length_moves_a_card_by_little():
    """The card does not jump from what is assumed to what bins make of it."""
    known = replace(card(), output=OutputQuantiles(700, 2_500, 8_000), max_output_tokens=32_000)
    [before, after] = [
        known.output,
        informed(known, "number", {(Aspect.OUTPUT, known.name): {"seen:47": 0.01}}).output,
    ]
    assert after.q50 == pytest.approx(before.q50, rel=0.01)
    assert after.q90 == pytest.approx(before.q90, rel=0.01)


def test_lengths_that_nobody_measured_give_way_to_the_replies_seen():
    """Two dozen jobs with replies of a line: holds follow them. What was measured of a bundled model gives way slowly."""
    guessed = replace(card(), output=OutputQuantiles(1_200, 4_500, 16_000), max_output_tokens=32_000)
    store = {(Aspect.OUTPUT, guessed.name): merged(observed_counts(66, 20.0), observed_counts(100, 4.0))}
    output = informed(guessed, "number", store).output
    assert 60 <= output.q50 <= 75
    assert 90 <= output.q90 <= 150
    assert output.q995 > 1_000
    assert informed(replace(guessed, is_measured=True), "number", store).output.q90 > 1_000


def test_old_counts_fade():
    """Beyond two thousand jobs the past is halved, so that a change is noticed."""
    stats = {"right": 1_999.5}
    assert sum(merged(stats, {"wrong": 1.0}).values()) == pytest.approx(1_000.25)
    assert win_share({"open_won": 3.0, "open_lost": 1.0}, checked=False) == (3.0, 4.0)


def test_quotes_learn_to_cover_as_often_as_they_say():
    """Quotes that are half of the truth cover nine of ten after some jobs; the state says how often they did."""
    rng = random.Random(7)
    stats, covered = {}, []
    for _ in range(1_500):
        shift = shift_of(stats, checked=True)
        quoted = tuple(
            round(10**7 * factor * 2.718281828**by)
            for factor, by in zip((0.2, 0.5, 1.0), shift.cost, strict=True)
        )
        charged = round(2 * 10**7 * rng.lognormvariate(-0.7, 0.6))
        seen = Measured(quoted, (1, 60), 0.5, 10**9, charged, 5.0, rng.random() < 0.8)
        covered.append(seen.covered)
        stats = tracked(stats, seen, checked=True)
    assert 0.87 <= sum(covered[300:]) / 1_200 <= 0.93
    assert stats["checked_covered"] == sum(covered)
    assert shift_of(stats, checked=False) == Shift()


def test_a_quote_that_the_budget_bounds_teaches_nothing():
    """It covers whatever it costs."""
    seen = Measured((1, 2, 10), (1, 2), 0.5, 10, 10, 1.0, won=True)
    assert "open_cost_p90" not in tracked({}, seen, checked=False)


def test_a_text_teaches_what_it_costs_and_not_who_is_right():
    """Without keys to count and without a checker nobody knows which drafts are right; lengths are learned."""
    job = finished(
        [call(0, answer=""), call(1, answer="")], is_checkable=False, is_counted=False, confidence=0.0
    )
    assert {aspect for aspect, _ in taught(job)} == {Aspect.OUTPUT, Aspect.SECONDS}
