"""`vote`: who is asked, how votes count, when it stops."""

import random
import sys

from solver.checkers.arithmetic import Arithmetic
from solver.core.problem.statement import Problem
from solver.core.steps import Resources, Status, StepKind, StepResult, StopReason
from solver.inference.decisions.adaptive_stopping import incomplete_beta, lead_probability, vote_weight
from solver.strategies import Setting
from solver.strategies.vote import Vote
from tests.solver.simulated import card

ARITHMETIC = Arithmetic((3, 7, 12, 25), 58)


def vote(panel=None, *, problem=None, **options):
    setting = Setting(problem or Problem("?"), panel or [card()], 50_000_000, 0, options, 1)
    made = Vote(setting)
    [plan] = made.ask(resources(setting.panel))
    made.tell(StepResult(plan.key, StepKind.NOTE, Status.NOTE, note=plan.note))
    return made


def resources(panel, slots=8, in_flight=None):
    return Resources(slots, 10**9, affordable=frozenset(c.name for c in panel), in_flight=in_flight or {})


def told(strategy, index, key, model="demo/one"):
    strategy.tell(
        StepResult(
            f"sample/{index}",
            StepKind.SAMPLE,
            Status.OK,
            model=model,
            text=f"Answer: {key}",
            answer=key,
            answer_key=key,
        )
    )


def test_the_stopping_rule_is_that_of_adaptive_consistency():
    """1 − I½(v₁+1, v₂+1): four agreeing votes pass .95, three do not; the beta function matches known values."""
    assert lead_probability(3, 0) < 0.95 < lead_probability(4, 0)
    assert abs(incomplete_beta(0.5, 5, 5) - 0.5) < 1e-12
    assert abs(incomplete_beta(0.3, 2, 3) - 0.3483) < 1e-9
    assert abs(incomplete_beta(0.5, 101, 51) - (1 - incomplete_beta(0.5, 51, 101))) < 1e-12


def test_only_as_many_tries_are_in_flight_as_could_settle_the_vote():
    """The first question is asked four times; after a dissenting vote more are needed."""
    strategy, panel = vote(), [card()]
    assert len(strategy.ask(resources(panel))) == 4
    for index, key in enumerate(["a", "a", "b"]):
        told(strategy, index, key)
    needed = len(strategy.ask(resources(panel)))
    assert lead_probability(2 + needed, 1) >= 0.95 > lead_probability(1 + needed, 1)


def test_keys_are_the_same_in_every_life():
    """What is in flight or told is not asked again; gaps left by a crash are filled first."""
    strategy, panel = vote(), [card()]
    told(strategy, 2, "b")
    first = strategy.ask(resources(panel))
    assert [s.key for s in first][:3] == ["sample/0", "sample/1", "sample/3"]
    flying = {first[0].key: first[0]}
    assert first[0].key not in [s.key for s in strategy.ask(resources(panel, in_flight=flying))]


def test_telling_twice_counts_once():
    """Telling is idempotent by key."""
    strategy = vote()
    for _ in range(10):
        told(strategy, 0, "a")
    assert strategy.done() is None
    assert strategy.phase() == "Explore — 1 attempt, 1 answer"


def test_a_stronger_models_vote_counts_more():
    """Two votes of a weak model do not outweigh one of a much stronger one."""
    assert vote_weight(0.9, 10) > 2 * vote_weight(0.35, 10)
    panel = [card("demo/weak", ability=0.15), card("demo/strong", ability=0.95)]
    strategy = vote(panel)
    told(strategy, 0, "wrong", "demo/weak")
    told(strategy, 1, "wrong", "demo/weak")
    told(strategy, 2, "right", "demo/strong")
    assert strategy.best().answer == "right"


def test_a_proof_goes_to_the_model_with_the_best_chance_per_dollar():
    """With a checker the cheap model tries first; its failures hand over to the dear one."""
    panel = [card("demo/cheap", ability=0.3, pico=500_000), card("demo/dear", ability=0.6, pico=5_000_000)]
    strategy = vote(panel, problem=Problem("Use 3, 7, 12, 25 to make 58.", "countdown", ARITHMETIC))
    asked = []
    for index in range(60):
        step = strategy.ask(resources(panel, slots=1))[0]
        asked.append(step.model)
        told(strategy, index, f"x{index}", step.model)
    assert asked[0] == "demo/cheap"
    assert "demo/dear" in asked


def test_it_stops_when_nothing_helps():
    """A row of failed steps ends it; so does the limit of tries."""
    strategy = vote()
    for index in range(8):
        strategy.tell(
            StepResult(f"sample/{index}", StepKind.SAMPLE, Status.FAILED, model="demo/one", error="no")
        )
    assert strategy.done() is StopReason.NO_PROGRESS
    limited = vote(max_tries=3)
    for index in range(3):
        told(limited, index, f"{index}")
    assert limited.done() is StopReason.NO_PROGRESS


def test_replies_without_an_answer_are_kept_as_a_last_resort():
    """Free text that compares with nothing is still better than no answer."""
    strategy = vote()
    strategy.tell(StepResult("sample/0", StepKind.SAMPLE, Status.OK, model="demo/one", text="An essay."))
    assert (strategy.best().text, strategy.best().confidence) == ("An essay.", 0.0)


def test_a_contested_vote_is_not_called_sure():
    """Where the second answer has nearly as many votes, the leader is no certainty; agreement alone is one."""
    strategy = vote()
    for index in range(40):
        told(strategy, index, "a" if index % 2 else "b" if index % 5 else f"other {index}")
    assert strategy.best().confidence < 0.8
    agreed = vote()
    for index in range(4):
        told(agreed, index, "a")
    assert agreed.best().confidence > 0.9


def test_money_that_could_not_change_the_leader_is_not_spent():
    """Seven votes against one, and money for two more: the rest goes back."""
    strategy, panel = vote(confidence_target=0.999), [card()]
    for index, key in enumerate("aaaabaaa"):
        told(strategy, index, key)
    assert strategy.ask(resources(panel))[0].key.startswith("sample/")
    [note] = strategy.ask(Resources(8, 2_000_000, affordable=frozenset({"demo/one"})))
    assert note.kind is StepKind.NOTE
    strategy.tell(StepResult(note.key, note.kind, Status.NOTE))
    assert strategy.done() is StopReason.BUDGET_REACHED
    assert strategy.best().answer == "a"


def calls_made(work) -> int:
    """Return how many calls of Python functions a piece of work makes."""
    made = 0

    def count(_frame, event, _argument):
        nonlocal made
        made += event == "call"

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return made


def test_ten_thousand_tells_stay_cheap():
    """State is kept incrementally: the last thousand tells and an ask do hardly more than the second thousand."""
    strategy, panel = vote(max_tries=20_000), [card()]
    rng = random.Random(1)

    def tell(numbers):
        for number in numbers:
            told(strategy, number, f"{rng.randrange(5_000)}")
        return strategy.ask(resources(panel))

    tell(range(1_000))
    early = calls_made(lambda: tell(range(1_000, 2_000)))
    tell(range(2_000, 9_000))
    late = calls_made(lambda: tell(range(9_000, 10_000)))
    assert late < 1.5 * early
    assert strategy.ask(resources(panel))[0].key == "sample/10000"


def test_a_vote_is_not_sure_of_what_the_evidence_does_not_hold_most_probable():
    """A weak model that repeats itself leads the count; the answer that would be given is another."""
    strong, weak = card("a/strong", ability=0.7), card("b/weak", ability=0.5)
    strategy = vote([strong, weak])
    for number in range(16):
        told(strategy, number, f"num:{number}", ["a/strong", "b/weak"][number % 2])
    for number in range(16, 32):
        told(strategy, number, f"num:{number}", "b/weak")
    for number in range(32, 44):
        told(strategy, number, "num:99", "b/weak")
    assert strategy._leader == "num:99"
    assert strategy.best().answer != "num:99"
    assert strategy.done() is None
