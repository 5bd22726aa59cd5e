"""The judge names and checks any reply; the worst of them costs a child process, never the worker."""

import asyncio
import os
import signal
import threading
import time

import pytest
import pytest_asyncio

from solver.checkers.arithmetic import Arithmetic
from solver.checkers.choice import Choice
from solver.checkers.json_schema import JsonSchema
from solver.checkers.list import ListOf
from solver.checkers.number import Number
from solver.checkers.regex import Regex
from solver.checkers.set import SetOf
from solver.checkers.symbolic import Symbolic
from solver.core.verdict import Judgement, Verdict
from solver.judging.judge import Judge
from tests.support import children
from tests.support.children import children_of

PUZZLE = Arithmetic((3, 7, 12, 25), 58)
PI = Number("3.14", "0.01")
TOWER = "9^{9^{9^{9}}}"

HOSTILE = [
    TOWER, r"\boxed{9^{9^{9^{9}}}}", "10**10**10", "10^{10^{10}}",
    "(10^9)!", "((10^9)!)!", "(x+1)^{1000000}+(y+1)^{999999}",
    '{"key": 1}\n{}',
    "factorial(10**9)",
    "(" * 100_000, "(" * 50 + "x" + ")" * 50, "{" * 1_000, "9" * 100_000, "1." + "9" * 3_000 + "+1",
    "\0", "\ud800", "".join(map(chr, range(1, 32))) + "1+1", "\x7f\x85\u2028+1",
    "\\frac{" * 300, "\\sqrt{" * 50 + "2" + "}" * 50,
    "\\sum_{n=1}^{10^{9}} n^n", "\\int_0^1 x^{x^{x^x}} dx", "\\prod_{k=1}^{10^8} k", "\\binom{10^9}{5 \\cdot 10^8}",
    "[" + "1," * 900 + "1]", "\\lim_{x \\to 0} x^{x^x}", "__import__('os').system('id')", '{"key": 1}\n{}', "1\n2\n3+x",
]  # fmt: skip


# A child takes a second of CPU to start, so all share one loop and one judge, and cost it no more than they must.
on_shared_loop = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def judge():
    """Make a judge with one child, and end it."""
    made = Judge(processes=1, cpu_limit_s=0.5, idle_s=600.0, wait_s=600)
    yield made
    await made.close()


def worker_of(judge: Judge) -> int | None:
    """Return the process that reads formulas for a judge of one child, None before the first."""
    return children.worker_of(judge._pool._processes)


@on_shared_loop
async def test_plain_answers_need_no_process(judge):
    """Numbers, options and puzzles are judged in-process: a thousand take a moment and start no child."""
    before = children_of(os.getpid())
    for _ in range(1_000):
        assert await judge.judge(text="So\nAnswer: 58", checker=None) == ("58", "num:58", None)
        found = await judge.judge(text=r"\boxed{7 \times 3 + 12 + 25}", checker=PUZZLE)
        assert found.key == "expr:7*3+12+25"
        assert found.verdict == Verdict(
            True, "arithmetic", "The expression uses every number once and makes 58."
        )
    assert children_of(os.getpid()) <= before


@pytest.mark.parametrize(
    ("text", "checker", "expected"),
    [
        ("no answer here", None, Judgement(None, None, None)),
        ("<think>\\boxed{5}", None, Judgement(None, None, None)),
        ("Answer: Mount Fuji.", None, Judgement("Mount Fuji.", "text:mount fuji", None)),
        ("Answer: I give up", PUZZLE, Judgement(None, None, None)),
        ("Answer: all of them", PUZZLE, Judgement("all of them", "text:all of them", Verdict(
            False, "arithmetic",
            "The expression has “all of them”, where a number, + − × ÷ or a bracket is expected."))),
        ("Answer: b", Choice(("A", "B")), Judgement("b", "choice:B", None)),
        ("Answer: 3.14", PI, Judgement("3.14", "num:157/50", Verdict(True, "number", "The answer is 3.14 within 0.01."))),
        ("Answer: a\0b\ud800", None, Judgement("a\ufffdb\ufffd", "text:a\ufffdb\ufffd", None)),
    ],
)  # fmt: skip
@on_shared_loop
async def test_replies_and_their_judgements(judge, text, checker, expected):
    """Each reply has its answer, key and verdict, or none."""
    assert await judge.judge(text=text, checker=checker) == expected


@on_shared_loop
async def test_formulas_share_the_key_of_a_known_one(judge):
    """The pool reads formulas; one that equals a known answer gets its key, also that of a plain number."""
    first = await judge.judge(text=r"\boxed{\frac{x+1}{2}}", checker=None)
    assert first.key.startswith("math:")
    again = await judge.judge(text="Answer: (x+1)/2", checker=None, known_keys=["num:3", first.key])
    assert again.key == first.key
    assert (await judge.judge(text=r"\boxed{\sqrt{4}}", checker=None)).key == "num:2"
    nested = r"\boxed{\sqrt{3+2\sqrt{2}}}"
    known = (await judge.judge(text=r"\boxed{1+\sqrt{2}}", checker=None)).key
    assert (await judge.judge(text=nested, checker=None, known_keys=["text:x", known])).key == known
    assert (await judge.judge(text=nested, checker=None, known_keys=["text:x", known])).key == known


@on_shared_loop
async def test_the_pool_gives_the_number_checker_its_values(judge):
    """Formulas are checked by value; what has none is no number."""
    assert (await judge.judge(text=r"\boxed{\pi}", checker=PI)).verdict.passed
    assert not (await judge.judge(text=r"\boxed{\sqrt{10}}", checker=PI)).verdict.passed
    for text in (r"\boxed{x+1}", "Answer: 2024-01-02"):
        verdict = (await judge.judge(text=text, checker=PI)).verdict
        assert verdict == Verdict(False, "number", "The answer is not a number.")
    assert not (await judge.judge(text="Answer: about three", checker=PI)).verdict.passed
    for text in ("Answer: a bit more than usual", "Answer: 10^{10^{6}}"):
        assert (await judge.judge(text=text, checker=PI)).verdict.is_undecided


@on_shared_loop
async def test_a_number_joins_the_same_number_with_a_unit_and_no_two_units_meet(judge):
    """Also not by way of a bare number that was there before, or comes between them."""
    job = judge.for_job("alice")
    keys = []
    for answer in ("72", "72 clips", "72.0", "72 dollars", "$72"):
        keys.append((await job.judge_answer(answer, checker=None, known_keys=tuple(dict.fromkeys(keys)))).key)
    assert keys == ["num:72", "num:72", "num:72", "num:72 dollar", "num:72 dollar"]
    other = judge.for_job("bob")
    known = ("num:5 cm", "num:5 m")
    assert (await other.judge_answer("5", checker=None, known_keys=known)).key == "num:5"
    assert (await other.judge_answer("5", checker=None, known_keys=known[:1])).key == "num:5 cm"


@on_shared_loop
async def test_checkers_that_need_a_child_say_right_wrong_and_undecided(judge):
    """Formulas, units, patterns and schemas are checked where they can be killed; one that overruns is undecided."""
    job = judge.for_job("one whose pattern overruns")
    for checker, right, wrong in (
        (Symbolic("(x+1)^2"), "x^2+2x+1", "x^2+1"),
        (SetOf(("\\sqrt{2}", "1")), r"\{1, \frac{2}{\sqrt{2}}\}", "{1, 2}"),
        (ListOf(("a", "1/2")), "a, 0.5", "0.5, a"),
        (Regex("[A-Z]{2}[0-9]+"), "AB12", "12AB"),
        (Number("5", unit="km"), "5000 m", "5 m"),
    ):
        assert (await job.judge_answer(right, checker=checker)).verdict.passed is True
        assert (await job.judge_answer(wrong, checker=checker)).verdict.passed is False
    schema = JsonSchema('{"required": ["a"]}')
    assert (await job.judge_answer('{"a": 1}', checker=schema)).verdict.passed is True
    assert (await job.judge_answer('{"b": 1}', checker=schema)).verdict.passed is False
    assert (await job.judge_answer("a" * 60 + "!", checker=Regex("(a+)+b"))).verdict.is_undecided


@on_shared_loop
async def test_a_number_that_nobody_could_read_is_undecided_and_asked_again(judge):
    """A child that hangs or dies has refuted nothing: an undecided verdict, not remembered, and the next one reads it."""
    for dies, answer in ((False, r"\sqrt{9.8596}"), (True, r"\sqrt{4} + 1.14")):
        job = judge.for_job("alice")
        await job.judge_answer(rf"\sqrt{{{len(answer)}}}", checker=None)
        worker = worker_of(judge)
        assert worker is not None
        os.kill(worker, signal.SIGSTOP)
        asked = asyncio.create_task(job.judge_answer(answer, checker=PI))
        if dies:
            await asyncio.sleep(0.2)
            os.kill(judge._pool._processes._children[0]._process.pid, signal.SIGKILL)
        assert (await asked).verdict.is_undecided
        assert (await job.judge_answer(answer, checker=PI)).verdict.passed


@on_shared_loop
async def test_an_answer_too_deep_to_be_read_is_undecided(judge):
    """Nobody looks at it."""
    assert (await judge.judge_answer("2^{" * 100 + "1" + "}" * 100, checker=PI)).verdict.is_undecided


@on_shared_loop
async def test_after_two_overruns_a_jobs_formulas_are_texts(judge):
    """A job pays for its hostile formulas itself: others of its owner and of others are read as before."""
    hostile, other = judge.for_job("mallory"), judge.for_job("mallory")
    for number in range(2):
        await hostile.judge(text=f"Answer: {TOWER} + {number}", checker=None)
    assert (await other.judge(text=r"Answer: \sqrt{25}", checker=None)).key == "num:5"
    worker = worker_of(judge)
    for number in range(20):
        found = await hostile.judge(text=f"Answer: {TOWER} + 2{number}", checker=PI)
        assert found.verdict.is_undecided
    assert (await hostile.judge(text=r"Answer: \sqrt{26}", checker=None)).key == r"text:\sqrt{26}"
    assert (await other.judge(text=r"Answer: \sqrt{81}", checker=None)).key == "num:9"
    assert worker_of(judge) == worker


@on_shared_loop
async def test_nobody_waits_for_the_hostile_formulas_of_others():
    """Sixty towers of one owner's jobs are asked first; somebody else's formula has its turn after the first."""
    judge = Judge(processes=1, cpu_limit_s=0.5, wait_s=600)
    await judge.judge_answer(r"\sqrt{4}", checker=None)
    jobs = [judge.for_job("mallory") for _ in range(20)]
    towers = [
        asyncio.create_task(job.judge(text=f"Answer: {TOWER} + {number}", checker=None))
        for number in range(3)
        for job in jobs
    ]
    await asyncio.sleep(0.1)
    try:
        found = await judge.for_job("alice").judge(text=r"Answer: \frac{\sqrt{2}}{2}", checker=None)
        told_before = sum(task.done() for task in towers)
    finally:
        await judge.close()
        await asyncio.gather(*towers, return_exceptions=True)
    assert found.key.startswith("math:")
    assert told_before <= 2


@on_shared_loop
async def test_an_endless_computation_is_killed_and_its_child_replaced(judge):
    """The tower of nines costs the limit and one child, and decides nothing; a new one answers the next request."""
    job = judge.for_job("alice")
    await job.judge_answer(r"\sqrt{36}", checker=None)
    first = worker_of(judge)
    tower = await job.judge_answer(TOWER, checker=PI)
    assert tower.key == f"text:{TOWER}"
    assert tower.verdict.is_undecided
    assert (await job.judge_answer(r"\sqrt{49}", checker=None)).key == "num:7"
    assert worker_of(judge) != first


@on_shared_loop
async def test_the_event_loop_stays_free_while_towers_burn(judge):
    """Hundreds of judgements at once, hostile ones among them, never keep the loop at work for long."""
    hostile, honest = judge.for_job("mallory"), judge.for_job("alice")
    worst = 0.0

    async def watch() -> None:
        nonlocal worst
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.02)
            worst = max(worst, time.thread_time() - before)

    watcher = asyncio.create_task(watch())
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task((hostile if "^" in answer else honest).judge(text=f"Answer: {answer}", checker=None))
                 for number in range(100)
                 for answer in (TOWER, "9^{9^{9}}", str(number), f"{number % 5}x + 1", r"\frac{x+1}{2}")]  # fmt: skip
    watcher.cancel()
    keys = [task.result().key for task in asked]
    assert keys[:5] == [
        f"text:{TOWER}",
        "text:9^{9^{9}}",
        "num:0",
        "num:1",
        r"math:\frac{x}{2} + \frac{1}{2}",
    ]
    assert worst < 2


@on_shared_loop
async def test_no_hostile_answer_raises_or_lingers(judge):
    """Every answer on the list gets a storable key within its limit, and the pool still works."""
    job = judge.for_job("eve")
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(job.judge_answer(answer, checker=None)) for answer in HOSTILE]
        boxed = [group.create_task(job.judge(text=answer, checker=PI)) for answer in HOSTILE]
    for task in asked:
        assert task.result().key.encode()
        assert "\0" not in task.result().key
        assert len(task.result().key) <= 220
    assert not any(task.result().verdict and task.result().verdict.passed for task in boxed)
    assert (await judge.for_job("eve").judge_answer(r"\sqrt{64}", checker=None)).key == "num:8"


@on_shared_loop
async def test_a_crowded_pool_falls_back_to_texts_in_time():
    """An answer that would wait too long gets a text key, and an undecided verdict."""
    judge = Judge(processes=1, wait_s=0.2)
    found = await judge.judge_answer(r"\sqrt{9.8596}", checker=PI)
    assert found[:2] == (r"\sqrt{9.8596}", r"text:\sqrt{9.8596}")
    assert found.verdict.is_undecided
    await judge.close()


async def judged_once(text: str) -> Judgement:
    judge = Judge(processes=1, wait_s=600)
    try:
        return await judge.judge(text=text, checker=None)
    finally:
        await judge.close()


def test_a_judge_works_on_the_loop_of_any_thread_and_leaves_no_child():
    """The worker's event loop runs beside its main thread; children start and end there just the same."""
    before = children_of(os.getpid())
    found: list[Judgement] = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(judged_once(r"\boxed{2^{5}}"))))
    thread.start()
    thread.join()
    assert found == [(r"2^{5}", "num:32", None)]
    assert children_of(os.getpid()) <= before


@on_shared_loop
async def test_a_checker_is_tried_before_it_is_trusted():
    """On what cannot be right, and on an answer that the user says is right; here nothing takes too long to find out."""
    judge = Judge(processes=1, wait_s=600)
    code = Regex("[A-Z]{2}[0-9]{4}")
    try:
        for checker, example, said in (
            (Regex(".*"), "", "It passes what cannot be right"),
            (code, "AB1234", ""),
            (code, "AB12", "It refuses the answer that you say should pass: The answer does not fit"),
            (JsonSchema('{"type": "nothing"}'), "", "can’t be used"),
            (JsonSchema('{"type": "object"}'), '```json\n{"a": 1}\n```', ""),
            (JsonSchema('{"required": ["b"]}'), '{"a": 1}', "'b' is a required property"),
            (Number("42"), "41", "It refuses the answer that you say should pass"),
            (Number("42"), "42.0", ""),
        ):
            fault = await judge.fault_of(checker, example)
            assert (said in fault) if said else fault == "", (checker, example)
    finally:
        await judge.close()


@on_shared_loop
async def test_one_who_overran_leaves_the_trial_of_others_as_it_is(judge):
    """Checkers are tried in the name of their own job: patterns of others that take for ever disarm no trial."""
    mine, others = judge.for_job("me", "1"), judge.for_job("them", "2")
    for _ in range(2):
        mine._share.overran()
        judge._nobodys.overran()
    assert await mine.fault_of(Regex(".*.*")) == ""
    assert "passes what cannot be right" in await others.fault_of(Regex(".*.+"))
