"""The runner keeps its promises whatever provider and user do."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from solver.core.errors import InDoubt, Interrupted, Interruption, LeaseLost, NotExecuted, ProviderDown
from solver.core.pricing import Usage
from solver.core.problem.statement import Problem
from solver.core.purse import Purse
from solver.core.request import Reply
from solver.core.steps import Status, Step, StepKind, StopReason
from solver.engine.control import Stop
from solver.engine.journal import MemoryJournal
from solver.engine.outcome import Limits
from tests.solver.simulated import Bench, Provider, card, noisy


async def until(condition: Callable[[], object]) -> None:
    """Let the others work until a condition holds."""
    while not condition():  # noqa: ASYNC110  (nothing tells of it)
        await asyncio.sleep(0.01)


async def test_agreeing_tries_end_a_job_early():
    """Four tries that agree are enough; the rest of the budget is not touched."""
    bench = Bench(Provider(lambda *_: "Answer: 42"))
    outcome = await bench.run()
    assert outcome.stop_reason is StopReason.CONFIDENT
    assert outcome.best.answer == "42"
    assert len(bench.provider.requests) == 4


async def test_the_purse_is_never_overdrawn():
    """Tries that never agree use the budget up, and not a nano-dollar more."""
    for budget_nano in (1_000_000, 3_333_333, 10_000_000):
        bench = Bench(Provider(lambda _, n: f"Answer: {n}"), budget_nano=budget_nano)
        outcome = await bench.run()
        assert outcome.stop_reason is StopReason.BUDGET_REACHED
        assert bench.purse.settled_nano <= budget_nano
        assert bench.purse.held_nano == bench.purse.in_doubt_nano == 0
        # What is left would not have bought another call of median length.
        assert bench.purse.remaining_nano() < 2_500_000


async def test_lying_usage_is_paid_up_to_the_hold():
    """A provider that reports more than the cap allows is paid by the house beyond the hold."""
    bench = Bench(
        Provider(lambda _, n: f"Answer: {n}", usage=lambda _: Usage(10**6, 10**6)), budget_nano=10_000_000
    )
    await bench.run()
    assert 0 < bench.purse.settled_nano <= 10_000_000


async def test_missing_usage_settles_at_a_bound():
    """A reply without usage is never free."""
    bench = Bench(Provider(lambda *_: "Answer: 42", usage=lambda _: None))
    await bench.run()
    per_call = bench.purse.settled_nano / len(bench.provider.requests)
    assert per_call > 100 * 5_000


async def test_a_timeout_stays_in_doubt_and_is_tried_again():
    """A call in doubt keeps its hold out of reach, and its step is bought once more."""
    bench = Bench(Provider(lambda _, n: InDoubt("late") if n == 0 else "Answer: 42"))
    outcome = await bench.run()
    assert outcome.best.answer == "42"
    assert bench.purse.in_doubt_nano > 0
    assert bench.purse.held_nano == 0
    assert sorted(state for _, state in bench.journal.calls.values()).count("in_doubt") == 1


async def test_refused_calls_cost_nothing():
    """A 429 gives its hold back and is repeated after a pause."""
    bench = Bench(Provider(lambda _, n: NotExecuted("429") if n % 2 else "Answer: 42"))
    outcome = await bench.run()
    assert outcome.stop_reason is StopReason.CONFIDENT
    settled = [call for call, state in bench.journal.calls.values() if state == "settled"]
    assert bench.purse.settled_nano == len(settled) * 160 * 5_000


async def test_an_absent_provider_makes_the_job_wait():
    """When no model can be reached for longer than the patience, the execution ends so that the job can wait."""
    bench = Bench(Provider(lambda *_: NotExecuted("demo/one cannot be reached. Is it running?")))
    with pytest.raises(ProviderDown, match="cannot be reached"):
        await bench.run()
    assert bench.purse.settled_nano == bench.purse.held_nano == bench.purse.in_doubt_nano == 0


async def test_where_every_call_times_out_no_step_is_given_up(monkeypatch):
    """However unevenly the time-outs come: the execution ends so that the job can wait, and no step has failed."""
    monkeypatch.setattr("solver.engine.calls.attempts._DOUBT_BACKOFF_S", 0.02)

    class Uneven(Provider):
        async def complete(self, request):
            await asyncio.sleep(0.05 * (request.seed % 5))
            return await super().complete(request)

    bench = Bench(Uneven(lambda *_: InDoubt("late")), budget_nano=10**9)
    with pytest.raises(ProviderDown, match="late"):
        await bench.run()
    assert {result.status for result in bench.journal.results} <= {Status.NOTE}
    assert bench.purse.held_nano == bench.purse.settled_nano == 0


async def test_a_step_that_times_out_alone_is_given_up_once_another_is_answered(monkeypatch):
    """It waits for the calls under way: the first answer tells that the provider works and this step does not."""
    monkeypatch.setattr("solver.engine.calls.attempts._DOUBT_BACKOFF_S", 0.02)
    late = []

    class OneFails(Provider):
        async def complete(self, request):
            late[:] = late or [request.seed]
            if request.seed == late[0]:
                raise InDoubt("late")
            await asyncio.sleep(0.5)
            return await super().complete(request)

    bench = Bench(OneFails(lambda *_: "Answer: 42"), budget_nano=10**9)
    outcome = await bench.run()
    assert outcome.best.answer == "42"
    assert [result.error for result in bench.journal.results if result.status is Status.FAILED] == ["late"]


async def test_a_rejected_key_fails_the_job_with_the_providers_words():
    """An error that repeating cannot mend ends the job without a charge."""
    bench = Bench(Provider(lambda *_: NotExecuted("Incorrect API key", retryable=False)))
    outcome = await bench.run()
    assert outcome.stop_reason is StopReason.FAILED
    assert "Incorrect API key" in outcome.error
    assert bench.purse.settled_nano == 0


@pytest.mark.parametrize(
    ("stop", "reason"), [(Stop.FINISH, StopReason.FINISHED_BY_USER), (Stop.CANCEL, StopReason.CANCELLED)]
)
async def test_a_users_stop_lets_running_calls_end(stop, reason):
    """Finish and cancel make no new call; those under way end and are charged."""
    bench = Bench(Provider(lambda _, n: f"Answer: {n}", delay_s=0.05), budget_nano=10**9)
    run = asyncio.create_task(bench.run())
    await until(lambda: bench.provider.requests)
    bench.control.request(stop)
    made = len(bench.provider.requests)
    outcome = await run
    assert outcome.stop_reason is reason
    assert len(bench.provider.requests) == made
    assert bench.purse.settled_nano == made * 160 * 5_000


async def test_a_hung_call_is_abandoned_after_the_grace_period():
    """A call that outlasts the grace period is left in doubt; the job ends."""
    bench = Bench(Provider(lambda *_: "Answer: 1", delay_s=600))
    run = asyncio.create_task(bench.run())
    await until(lambda: bench.provider.requests)
    bench.control.request(Stop.FINISH)
    outcome = await asyncio.wait_for(run, 300)
    assert outcome.stop_reason is StopReason.FINISHED_BY_USER
    assert bench.purse.in_doubt_nano > 0
    assert bench.purse.held_nano == 0


async def test_a_drained_job_goes_on_where_it_stopped():
    """A drain interrupts; the next execution tells the journal again and buys no settled key twice."""
    provider = Provider(noisy(3, ability=0.2), delay_s=0.01)
    bench = Bench(provider, budget_nano=100_000_000)
    run = asyncio.create_task(bench.run())
    await until(lambda: any(state == "settled" for _, state in bench.journal.calls.values()))
    bench.control.request(Stop.DRAIN)
    with pytest.raises(Interrupted):
        await run
    settled = {call.step.key for call, state in bench.journal.calls.values() if state == "settled"}
    assert settled
    again = Bench(provider, budget_nano=100_000_000, journal=bench.journal)
    again.purse = bench.purse
    await again.run()
    bought = [call.step.key for call, state in bench.journal.calls.values() if state == "settled"]
    assert len(bought) == len(set(bought))


async def test_a_lost_lease_silences_the_runner():
    """Once the lease is someone else's, nothing more is asked of the provider."""

    class Fenced(MemoryJournal):
        async def settle(self, call, result, charge):
            raise LeaseLost("taken over")

    bench = Bench(Provider(lambda *_: "Answer: 42"), journal=Fenced())
    with pytest.raises(LeaseLost):
        await bench.run()
    assert len(bench.provider.requests) <= 4


async def test_a_life_that_may_have_lost_its_lease_is_not_given_back():
    """Fenced while its last calls land, a pause is another execution's to carry out: this one cannot book them."""
    bench = Bench(Provider(lambda _, n: f"Answer: {n}", delay_s=60), limits=Limits(slots=2, grace_s=3))
    running = asyncio.create_task(bench.run())
    await until(lambda: bench.provider.requests)
    bench.control.request(Stop.PAUSE)
    await asyncio.sleep(0.1)
    bench.control.request(Stop.FENCED)
    with pytest.raises(LeaseLost):
        await running
    assert {state for _, state in bench.journal.calls.values()} == {"held"}


async def test_the_deadline_ends_a_job_with_its_best_answer():
    """At the deadline the best answer so far is kept."""
    passed_s = 0

    def answer(_, number):
        nonlocal passed_s
        passed_s = max(passed_s, 3600 * (number > 20))
        return f"Answer: {number}"

    bench = Bench(Provider(answer, delay_s=0.01), budget_nano=10**9)
    bench.clock = lambda: time.monotonic() + passed_s
    outcome = await bench.run(deadline_s=time.monotonic() + 3600)
    assert outcome.stop_reason is StopReason.TIME_LIMIT
    assert outcome.best is not None


async def test_killed_anywhere_a_job_ends_as_if_undisturbed():
    """With one call in flight, a job cut after every telling in turn gives the undisturbed job's answer."""

    def fresh(journal: MemoryJournal) -> Bench:
        bench = Bench(Provider(noisy(11, ability=0.35, wrong=4)), budget_nano=20_000_000, journal=journal)
        bench.limits = type(bench.limits)(slots=1)
        return bench

    whole = fresh(MemoryJournal())
    expected = await whole.run()
    for cut in range(len(whole.journal.results)):
        bench = fresh(MemoryJournal(whole.journal.results[:cut]))
        bench.purse = Purse(20_000_000, settled_nano=sum(r.charged_nano for r in whole.journal.results[:cut]))
        outcome = await bench.run()
        assert outcome.best.answer == expected.best.answer
        assert [r.key for r in bench.journal.results] == [r.key for r in whole.journal.results]


async def test_a_write_up_with_another_answer_is_discarded():
    """The final prose must come to the chosen answer, or the leader's own text is delivered."""
    writer = card("openai/writer", bundled=False)

    def answer(request, _):
        return (
            "A fine story.\nAnswer: 41"
            if "Working of the chosen try" in request.messages[-1].content
            else "So.\nAnswer: 42"
        )

    bench = Bench(Provider(answer), panel=[writer], budget_nano=10**9, problem=Problem("6 times 7?"))
    outcome = await bench.run()
    assert (outcome.best.answer, outcome.best.text) == ("42", "So.\nAnswer: 42")
    assert any("Working of the chosen try" in r.messages[-1].content for r in bench.provider.requests)


class Author:
    """Answers tries from a function, and write-ups with fine prose that keeps the answer."""

    def __init__(self, answer) -> None:
        self.answer = answer
        self.written: list[str] = []

    def __call__(self, request, number):
        content = request.messages[-1].content
        if "Working of the chosen try" not in content:
            return f"So.\nAnswer: {self.answer}"
        self.written.append(content)
        return f"Fine prose.\nAnswer: {self.answer}"


async def test_an_accepted_write_up_is_delivered_and_paid_from_the_reserve():
    """The strategy leaves the reserve alone; the write-up of the answer needs it."""
    bench = Bench(
        Provider(Author(42)),
        panel=[card("openai/writer", bundled=False)],
        budget_nano=10_000_000,
        options={"confidence_target": 1.0},
    )
    outcome = await bench.run()
    assert (outcome.stop_reason, outcome.best.text) == (StopReason.BUDGET_REACHED, "Fine prose.\nAnswer: 42")
    [(call, state)] = [
        each for each in bench.journal.calls.values() if each[0].step.kind is StepKind.WRITE_UP
    ]
    [written] = [r for r in bench.journal.results if r.kind is StepKind.WRITE_UP]
    free_nano = (
        bench.budget_nano - bench.purse.reserve_nano - (bench.purse.settled_nano - written.charged_nano)
    )
    assert state == "settled"
    assert 0 <= free_nano < call.hold_nano <= free_nano + bench.purse.reserve_nano
    assert written.charged_nano > 0
    assert written.parents == (outcome.best.step_key,)


async def test_a_changed_answer_gets_a_write_up_of_its_own():
    """After a raise the answer may be another one; the prose of the first is not delivered with it."""
    first = Author(41)
    bench = Bench(Provider(first), panel=[card("openai/writer", bundled=False)], budget_nano=10**8)
    before = await bench.run()
    assert (before.best.answer, len(first.written)) == ("41", 1)
    second = Author(42)
    more = Bench(
        Provider(second), panel=bench.panel, budget_nano=10**9, options={"confidence_target": 0.9999},
        journal=MemoryJournal(bench.journal.results), problem=Problem("6 times 7?"),
    )  # fmt: skip
    more.purse.settled_nano = bench.purse.settled_nano
    after = await more.run()
    assert (after.best.answer, after.best.text) == ("42", "Fine prose.\nAnswer: 42")
    assert len(second.written) == 1
    again = Bench(
        Provider(Author(42)), panel=bench.panel, budget_nano=10**9, options={"confidence_target": 0.9},
        journal=MemoryJournal(more.journal.results),
    )  # fmt: skip
    again.purse.settled_nano = more.purse.settled_nano
    assert (await again.run()).best.text == "Fine prose.\nAnswer: 42"
    assert not again.provider.answer.written


async def test_formulas_are_compared_however_many_answers_came_before_that_cannot_be():
    """Forty texts do not use up the places of the keys that later formulas are compared with."""
    said = [f"place {number}" for number in range(40)] + [r"1+\sqrt{2}", r"\sqrt{3+2\sqrt{2}}"] * 4
    bench = Bench(Provider(lambda _, n: f"Answer: {said[n % len(said)]}"), options={"max_tries": len(said)})
    bench.limits = replace(bench.limits, slots=1)
    await bench.run()
    keys = {r.answer_key for r in bench.journal.results if r.answer and "sqrt" in r.answer}
    assert len(keys) == 1


def answering(bench, act, answer="Answer: {}"):
    """Let `act` happen when the first reply comes."""

    def reply(_, number):
        if number == 0:
            act(bench.control)
        return answer.format(number)

    bench.provider.answer = reply


class SlowNotes(MemoryJournal):
    """A journal in which a note takes longer than a call."""

    async def tell(self, result):
        if result.kind is StepKind.NOTE:
            await asyncio.sleep(0.1)
        return await super().tell(result)


class TryAndNote:
    """Asks for a try and a note at once, then for another try: for what is neither told nor in flight."""

    def __init__(self) -> None:
        self.told: set[str] = set()
        asked = tuple(Problem("What is 6 times 7?").messages())
        self._steps = [
            Step("sample/0", StepKind.SAMPLE, "Try", card().name, asked),
            Step("note/0", StepKind.NOTE, "Note"),
            Step("sample/1", StepKind.SAMPLE, "Try", card().name, asked),
        ]

    def ask(self, resources):
        wanted = self._steps if "sample/0" in self.told else self._steps[:2]
        return [step for step in wanted if step.key not in {*self.told, *resources.in_flight}]

    def tell(self, result):
        self.told.add(result.key)

    def best(self):
        return None

    def done(self):
        return StopReason.NO_PROGRESS if len(self.told) == len(self._steps) else None

    def phase(self):
        return ""


async def test_what_lands_while_a_note_is_written_is_not_bought_again():
    """A result that landed and is not told yet must not look like one that nobody asked for."""
    bench = Bench(Provider(lambda *_: "Answer: 42"), journal=SlowNotes(), strategy=TryAndNote())
    await bench.run()
    assert len(bench.provider.requests) == 2


async def test_a_job_gives_way_at_a_quiet_point():
    """Calls under way end and are told; none is left in doubt; the next execution goes on from there."""
    bench = Bench(Provider(lambda *_: "", delay_s=0.02))
    answering(bench, lambda control: control.ask_to_give_way())
    with pytest.raises(Interrupted, match="slice") as left:
        await bench.run()
    assert left.value.reason is Interruption.SLICE
    made = len(bench.provider.requests)
    assert len([r for r in bench.journal.results if r.kind != "note"]) == made
    assert bench.purse.held_nano == bench.purse.in_doubt_nano == 0


async def test_a_job_that_is_done_does_not_give_way():
    """Whoever finds the answer at the quiet point delivers it."""
    bench = Bench(Provider(lambda *_: "", delay_s=0.02))
    answering(bench, lambda control: control.ask_to_give_way(), "Answer: 42")
    assert (await bench.run()).stop_reason is StopReason.CONFIDENT


async def test_a_raised_budget_is_spent_by_the_same_execution():
    """The purse grows while the job runs."""
    bench = Bench(Provider(lambda *_: "", delay_s=0.02), budget_nano=5_000_000)
    answering(bench, lambda control: control.raise_limit(20_000_000))
    outcome = await bench.run()
    assert outcome.stop_reason is StopReason.BUDGET_REACHED
    assert outcome.limit_nano == 20_000_000
    assert 15_000_000 < bench.purse.settled_nano <= 20_000_000


async def test_a_raise_during_the_last_calls_makes_another_life():
    """An end for want of money does not stand when the money came while it was being prepared."""
    bench = Bench(
        Provider(lambda _, n: f"Answer: {n}", delay_s=0.02),
        budget_nano=30_000_000,
        panel=[card(bundled=False)],
    )
    bench.provider.answer = lambda request, n: _raise_in_the_write_up(bench, request, n)
    with pytest.raises(Interrupted, match="raised"):
        await bench.run()


def _raise_in_the_write_up(bench, request, number):
    if "write up" in request.messages[0].content:
        bench.control.raise_limit(50_000_000)
    return f"Answer: {number}"


@pytest.mark.parametrize("finish_reason", ["content_filter", "error", "stop"])
async def test_a_model_that_brings_nothing_is_left_alone(finish_reason):
    """After five useless replies in a row a job asks its other models only, and says so."""
    mute, able = card("demo/mute", ability=0.9), card("demo/able")

    def answer(request, number):
        if request.card.name == "demo/mute":
            return Reply("", "", finish_reason, Usage(100, 60), None, "ref")
        return f"Answer: {number}"

    benched = {}
    bench = Bench(Provider(answer), panel=[mute, able], budget_nano=60_000_000, limits=Limits(slots=1))
    await bench.run(benched=benched)
    asked = [request.card.name for request in bench.provider.requests]
    assert asked.count("demo/mute") == 5 < asked.count("demo/able")
    assert "demo/mute is asked no more" in benched["demo/mute"].sentence
    assert not benched["demo/mute"].detail


async def test_the_only_model_is_asked_on_whatever_it_says():
    """Left alone it would leave the job with nobody to ask, which is not the end of its money."""
    silent = Reply("", "", "content_filter", Usage(100, 60), None, "ref")
    bench = Bench(Provider(lambda *_: silent), panel=[card(), card("demo/judge", solves=False)])
    outcome = await bench.run()
    assert outcome.stop_reason is not StopReason.BUDGET_REACHED
    assert "withheld" in outcome.error
