"""The shipped thinker through its real server: it thinks aloud, counts its thought, and does the engine's tasks."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from demo_model.check import answer_of
from demo_model.training.lessons import prompt_ids
from solver.core.steps import StepKind
from solver.text.prompting.prompts import messages_for, read_better, read_grade
from tests.demo_model.conftest import free_port, start, stop

PUZZLE = "Use 4, 3, 2 to make 24."
GOOD = "4 * 3 = 12, left 12 2\n12 * 2 = 24\nAnswer: 4 * 3 * 2"
SUM = "Compute ((5 + 12) * 4 - 11) mod 7."
RIGHT = "5 + 12 = 17 = 3 mod 7\n3 * 4 = 12 = 5 mod 7\n5 - 11 = -6 = 1 mod 7\nAnswer: 1"
WRONG = "5 + 12 = 17 = 3 mod 7\n3 * 4 = 12 = 5 mod 7\n5 - 11 = -6 = 2 mod 7\nAnswer: 2"
BAD = "4 + 3 = 7, left 7 2\n7 * 2 = 14\nAnswer: (4 + 3) * 2"


@pytest.fixture(scope="module")
def client() -> Iterator[OpenAI]:
    """A client of a running thinker."""
    port = free_port()
    process = start("--model", "thinker", "--port", str(port))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", stop(process)
    yield OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)
    stop(process)


def said(client: OpenAI, messages, *, times: int = 16) -> list[str]:
    """Return replies at temperature 1 with different seeds."""
    body = [{"role": message.role, "content": message.content} for message in messages]
    replies = [
        client.chat.completions.create(model="thinker", messages=body, seed=seed, max_completion_tokens=600)
        for seed in range(times)
    ]
    return [reply.choices[0].message.content or "" for reply in replies]


def passing(client: OpenAI, problem: str, candidate: str) -> float:
    """Return how often a candidate passes, in the engine's own prompt, read by the engine's own reader."""
    grades = [read_grade(reply) for reply in said(client, messages_for(StepKind.GRADE, problem, [candidate]))]
    return sum(grade is not None and grade.passed for grade in grades) / len(grades)


def test_its_thought_is_apart_and_counted(client):
    """`reasoning_content` holds the workings, the reply the last one; the usage counts both."""
    reply = client.chat.completions.create(
        model="thinker", messages=[{"role": "user", "content": SUM}], seed=1, max_completion_tokens=600
    )
    message, usage = reply.choices[0].message, reply.usage
    assert answer_of(message.content)
    assert "=" in message.reasoning_content
    assert "<think>" not in message.content
    assert 0 < usage.completion_tokens_details.reasoning_tokens < usage.completion_tokens


def test_it_answers_at_once_where_told(client):
    """Without effort there is no thought."""
    reply = client.chat.completions.create(
        model="thinker", messages=[{"role": "user", "content": PUZZLE}], seed=1, reasoning_effort="none"
    )
    assert not getattr(reply.choices[0].message, "reasoning_content", "")


def test_its_grades_tell_right_from_wrong(client):
    """Most of the time, as measured."""
    assert passing(client, PUZZLE, GOOD) > 0.6
    assert passing(client, PUZZLE, BAD) < 0.4


def test_it_works_a_modular_problem_out_before_it_grades(client):
    """A wrong working is not taken over: only its answer is read."""
    assert passing(client, SUM, RIGHT) > 0.6
    assert passing(client, SUM, WRONG) < 0.4


def test_its_template_shows_what_it_was_trained_on(client):
    """Of a modular working the answer, of any other text the end, token for token."""
    shown = [RIGHT, GOOD]
    body = [
        {"role": message.role, "content": message.content}
        for message in messages_for(StepKind.COMPARE, SUM, shown)
    ]
    reply = client.chat.completions.create(model="thinker", messages=body, max_completion_tokens=1)
    assert reply.usage.prompt_tokens == len(prompt_ids(SUM, shown, "<|compare|>"))


def test_it_compares_revises_and_combines(client):
    """Every task has a reply of the shape that the engine reads."""
    better = said(client, messages_for(StepKind.COMPARE, PUZZLE, [GOOD, BAD]), times=8)
    assert sum(read_better(reply) is not None for reply in better) >= 6
    for kind, shown in ((StepKind.REVISE, [BAD]), (StepKind.AGGREGATE, [BAD, GOOD])):
        assert (
            sum(bool(answer_of(reply)) for reply in said(client, messages_for(kind, PUZZLE, shown), times=8))
            >= 6
        )
