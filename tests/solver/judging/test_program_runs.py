"""Steps that run programs and call no model: what they did is in the journal, and is not found out twice."""

import asyncio

import pytest

from solver.core.programs import Observed, ProgramsOff, Ran, RunOrder
from solver.core.steps import Candidate, Status, Step, StepKind, StopReason
from solver.engine.control import Stop
from solver.engine.journal import MemoryJournal
from solver.engine.program_output import last_line, printed_text, shortened
from solver.judging.behaviour_run import observation, observed
from solver.judging.judge import Judge
from tests.solver.simulated import Bench, Provider, card
from tests.support.programs import said_by


class Runs:
    """A strategy that wants one run and one output, and ends with what they came to."""

    def __init__(self):
        self.told = {}

    def ask(self, resources):
        programs = ("def f(x):\n    return x", "def f(x):\n    return -x")
        wanted = [
            Step("run/0", StepKind.RUN, "Run 2 programs", parents=("a", "b"), note={"calls": ["f(1)"]},
                 run=RunOrder(programs, ("f(1)",), (("f(2)", "2"),))),
            Step("output/0", StepKind.OUTPUT, "Run its program", "demo/one", parents=("c",),
                 run=RunOrder(("print(6 * 7)",))),
        ]  # fmt: skip
        return [step for step in wanted if step.key not in {*self.told, *resources.in_flight}]

    def tell(self, result):
        self.told[result.key] = result

    def best(self):
        found = self.told.get("output/0")
        return (
            Candidate(found.answer or "", found.text, found.answer_key, "output/0", 0.5, "It ran.")
            if found
            else None
        )

    def done(self):
        return StopReason.CONFIDENT if len(self.told) == 2 else None

    def phase(self):
        return "Run"


class Sandbox:
    """Runs nothing, and says what would have come of it; `waits` holds it up."""

    def __init__(self, *, is_on=True):
        self.is_on, self.ran, self.waits = is_on, 0, None
        self.begun = asyncio.Event()

    async def run(self, wanted, asker):
        if not self.is_on:
            raise ProgramsOff("It is off.")
        self.ran += 1
        self.begun.set()
        if self.waits:
            await self.waits.wait()
        told = '{"output": "So:\\n42"}' if "print" in wanted.stdin else '{"output": "1"}\nM{"value": "2"}'
        return Ran(stdout=f"M{told}".replace("M{", f"{wanted.mark}{{"), wall_s=0.25)


def bench_with(sandbox, journal=None):
    """A run of the strategy above."""
    bench = Bench(
        Provider(lambda *_: "Answer: 42"), panel=[card()], journal=journal or MemoryJournal(), strategy=Runs()
    )
    bench.judge = Judge(programs=sandbox)
    return bench


async def test_what_programs_did_is_journalled_and_never_found_out_again():
    """A run keeps outputs in its note, an output is an answer of its model; told again, nothing is run."""
    sandbox = Sandbox()
    bench = bench_with(sandbox)
    outcome = await bench.run()
    run, output = sorted(bench.journal.results, key=lambda result: result.key, reverse=True)
    assert run.note == {
        "calls": ["f(1)"], "seen": [{"outputs": ["1"], "examples": [True]}] * 2, "seconds": 0.5,
    }  # fmt: skip
    assert (output.answer, output.answer_key, output.model, output.charged_nano) == (
        "42",
        "num:42",
        "demo/one",
        0,
    )
    assert "```python\nprint(6 * 7)\n```" in output.text
    assert (outcome.best.answer, sandbox.ran, bench.provider.requests) == ("42", 3, [])
    again = bench_with(sandbox, bench.journal)
    assert (await again.run()).best == outcome.best
    assert sandbox.ran == 3


async def test_where_nothing_can_run_code_the_step_says_so_and_the_job_goes_on():
    """Without a sandbox a step ends at once, with the reason in its note and no failure."""
    bench = bench_with(Sandbox(is_on=False))
    outcome = await bench.run()
    assert {result.note["off"] for result in bench.journal.results} == {"It is off."}
    assert {result.status for result in bench.journal.results} == {Status.OK}
    assert outcome.best.answer == ""


async def test_an_execution_that_is_interrupted_waits_for_no_program():
    """A drain leaves running programs to the next execution, which runs them anew."""
    sandbox = Sandbox()
    sandbox.waits = asyncio.Event()
    bench = bench_with(sandbox)
    bench.limits = type(bench.limits)(drain_s=600)
    running = asyncio.create_task(bench.run())
    await sandbox.begun.wait()
    bench.control.request(Stop.DRAIN)
    with pytest.raises(Exception, match="drain"):
        await running
    assert bench.journal.results == []


def test_long_outputs_are_cut_and_still_differ():
    """What is kept of an output is short; two that differ at their ends are two."""
    one, other = (shortened(Observed((f"{'9' * 1_000}{end}", None), ())).outputs for end in "12")
    assert one != other
    assert len(one[0]) < 250
    assert one[1] is None


def test_the_last_line_that_is_printed_is_the_answer():
    """Blank lines behind it do not count; a program without output has none; a fence in it closes nothing."""
    assert last_line(Observed(("Let me see\n 42 \n\n",), ())) == "42"
    assert last_line(Observed((None,), ())) == last_line(Observed((" \n",), ())) == ""
    assert printed_text("print('```')", Observed(("```",), ())).startswith("````python\n")


def test_what_a_program_prints_is_observed_as_it_stands(tmp_path):
    """Under the name `__main__`, until it ends; one that raises, or exits with an error, has no output."""

    def printed(program):
        wanted = observation(program, (), ())
        return observed(wanted, Ran(stdout=said_by(wanted)), calls=0, examples=()).outputs

    assert printed("if __name__ == '__main__':\n    print(6 * 7)\n    raise SystemExit") == ("42\n",)
    assert (
        printed("print(1)\nraise SystemExit(2)")
        == printed("print(1)\n1 / 0")
        == printed("input()")
        == (None,)
    )
