"""`field_vote` inside `auto`: replies with data are repaired, compared field by field, and ended in time."""

import json

import pytest

from solver.checkers.json_schema import JsonSchema
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.core.steps import StepKind, StepResult, StopReason
from solver.core.verdict import Verdict
from solver.text.deliverables import deliverable_in, deliverable_key
from tests.solver.played import Play
from tests.solver.simulated import Bench, Provider, card

FIRM = {"name": "Ponder", "founded": 1998, "seats": 4}
SCHEMA = JsonSchema(
    '{"type": "object", "required": ["name", "founded"], "properties": {"founded": {"type": "integer"}}}'
)
PROBLEM = Problem("Who is Ponder, as JSON?", "open", SCHEMA, ResultKind.DATA)


def block(value):
    return f"So:\n```json\n{json.dumps(value)}\n```"


class DataPlay(Play):
    """A play whose replies hold data; it fits where it says when the firm was founded, as a number."""

    def land(self, key: str) -> StepResult:
        told = super().land(key)
        body = deliverable_in(told.text, ResultKind.DATA).body if told.kind.answers else None
        fits = body is not None and isinstance(json.loads(body).get("founded"), int)
        verdict = Verdict(
            fits, "json_schema", "It fits." if fits else "At founded: 'x' is not of type 'integer'."
        )
        return StepResult(
            key, told.kind, told.status, model=told.model, parents=told.parents, text=told.text, answer=body,
            answer_key=deliverable_key(body, ResultKind.DATA) if body else None,
            verdict=verdict if body else None, charged_nano=told.charged_nano,
        )  # fmt: skip


def play(respond, **options):
    made = DataPlay("auto", respond, problem=PROBLEM, budget_nano=10**9, **options)
    return made, made.run(check_replays=0.5)


def test_three_replies_that_agree_are_enough():
    """No fourth is bought, no percentage is said, and the form is marked as checked."""
    made, reason = play(lambda *_: block(FIRM))
    best = made.strategy.best()
    assert (reason, len([r for r in made.told if r.kind.answers])) == (StopReason.CONFIDENT, 3)
    assert json.loads(best.answer) == FIRM
    assert best.confidence is None
    assert best.explanation == "All 3 fields are the same in all 3 replies."
    assert best.checked == "✓ It fits."


def test_what_most_say_of_each_field_is_delivered():
    """Errors that scatter over fields are voted away, and it ends however long they do."""

    def respond(_, rng):
        wrong = rng.choice([*FIRM, None, None])
        return block(FIRM | ({wrong: rng.randrange(10)} if wrong else {}))

    for seed in range(4):
        made, reason = play(respond, seed=seed)
        assert reason in {StopReason.CONFIDENT, StopReason.NO_PROGRESS}
        assert json.loads(made.strategy.best().answer) == FIRM
        assert len([r for r in made.told if r.kind.answers]) <= 9


def test_a_reply_that_does_not_fit_is_told_so_once_and_its_model_asked_less():
    """The revision names what is wrong; a model that never fits comes after the others, and its replies do not count."""
    made, _ = play(lambda step, rng: block(
        FIRM | {"founded": "x" if step.model == "demo/one" else rng.choice([1998, 1999])}
    ))  # fmt: skip
    answers = [result for result in made.told if result.kind.answers]
    revised = [result for result in answers if result.kind is StepKind.REVISE]
    misfits = [result for result in answers if result.model == "demo/one" and result.kind is StepKind.SAMPLE]
    assert {result.parents for result in revised} == {(result.key,) for result in misfits}
    prompt = made.asked[revised[0].key].messages[-1].content
    assert "At founded: 'x' is not of type 'integer'. Correct that" in prompt
    assert len(misfits) < len([result for result in answers if result.model == "other/two"])
    assert "replies do not fit and are left out" in made.strategy.best().explanation
    assert json.loads(made.strategy.best().answer)["founded"] in {1998, 1999}


def test_data_that_never_fits_is_not_passed_off_as_fitting():
    """After all repairs the job ends, and what it delivers is marked with what is wrong."""
    made, reason = play(lambda *_: block(FIRM | {"founded": "x"}))
    assert reason is StopReason.NO_PROGRESS
    assert made.strategy.best().checked.startswith("✗ At founded")


@pytest.mark.parametrize("strategy", ["auto", "vote"])
async def test_a_schema_proves_nothing_and_repairs_what_does_not_fit(strategy):
    """Through the real judge: what fits is not “solved”; votes decide, whichever strategy was asked for."""
    replies = [block({"name": "Ponder"}), block(FIRM), block(FIRM | {"name": "PONDER"})]

    def answer(request, number):
        shown = request.messages[-1].content
        return block(FIRM) if "Task: revise" in shown else replies[number % 3]

    bench = Bench(Provider(answer), problem=PROBLEM, panel=[card()], budget_nano=10**8)
    bench.strategy = Play(strategy, answer, problem=PROBLEM, panel=[card()], budget_nano=10**8).strategy
    outcome = await bench.run()
    assert outcome.stop_reason is not StopReason.SOLVED
    # Which spelling comes first does not matter.
    assert json.loads(outcome.best.answer.replace("PONDER", "Ponder")) == FIRM
    assert outcome.best.checked == "✓ The answer fits the JSON Schema."
    asked = [request.messages[-1].content for request in bench.provider.requests]
    told = [text for text in asked if "'founded' is a required property" in text]
    assert len(told) == (1 if strategy == "auto" else 0)
