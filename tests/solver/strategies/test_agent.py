"""`agent`: attempts that use tools before they answer."""

import json
import random
from dataclasses import replace

import pytest

from solver.core.lines import line_of
from solver.core.pricing import Rates
from solver.core.problem.statement import Problem
from solver.core.request import ToolCall
from solver.core.steps import Step, StepKind, StopReason
from solver.core.tools import Source, ToolOrder, ToolOutcome, ToolSpec
from solver.simulation.simulate import Scenario, play, simulate
from tests.solver.played import NUMBER, Play, world
from tests.solver.simulated import card

LOOK_UP = ToolSpec(
    "look_up",
    "Looks a word up.",
    {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
)
PAID = replace(LOOK_UP, name="web_search", most_nano=5_000_000)


def panel_that_calls_tools() -> list:
    """Two general models that call tools."""
    cards = [card("a/one", ability=0.7, bundled=False), card("b/two", ability=0.7, bundled=False)]
    return [replace(each, calls_tools=True, context_window=60_000) for each in cards]


def _call(arguments: str = '{"word": "six"}', name: str = "look_up", *, id: str = "call_1") -> ToolCall:  # noqa: A002
    return ToolCall(id, name, arguments)


def _once(*calls: ToolCall):
    """Call these tools in the first turn of each attempt."""
    return lambda step, _: calls if step.key.endswith("/0") else ()


def _played(**changes) -> Play:
    given = {
        "panel": panel_that_calls_tools(), "tools": (LOOK_UP,), "calls": _once(_call()),
        "budget_nano": 2 * 10**9, "slots": 4,
        "use": lambda _: ToolOutcome("Six is 6.", (Source("Numbers", "numbers.csv", "row 6", "2026-01-01", "6"),)),
    }  # fmt: skip
    return Play("agent", world(ability=0.9), **(given | changes))


def _shown(step: Step) -> str:
    return "\n".join(message.content for message in step.messages)


def test_an_attempt_uses_tools_and_then_answers():
    """Each use is a step; the next call shows what it brought, between tags, and what is left; answers vote."""
    play = _played()
    assert play.run(check_replays=0.5) is StopReason.CONFIDENT
    assert play.strategy.best().answer == "42"
    turn, answer = play.asked["agent/0/0"], play.asked["agent/0/1"]
    assert turn.tools == (LOOK_UP,)
    assert "Left for this attempt: " in turn.messages[0].content
    used = play.asked["agent/0/0/0"]
    assert (used.kind, used.order, used.parents) == (
        StepKind.TOOL, ToolOrder("look_up", {"word": "six"}), ("agent/0/0",)
    )  # fmt: skip
    user, assistant, tool = answer.messages
    assert user == turn.messages[0]
    assert assistant.tool_calls == (_call(),)
    assert tool.answers_call == "call_1"
    assert '<source number="1" title="Numbers" address="numbers.csv" where="row 6"' in tool.content
    assert "turns." in tool.content.rpartition("</tool_result>")[2]
    assert answer.parents == ("agent/0/0",)
    told = [result.kind for result in play.told if result.key.startswith("agent/0/")]
    assert told == [StepKind.TURN, StepKind.TOOL, StepKind.SAMPLE]
    assert [line_of(key) for key in ("run/0/agent/12/3", "agent/0/1/2", "sample/3")] == [
        "run/0/agent/12/",
        "agent/0/",
        "",
    ]


def test_attempts_with_tools_are_independent_votes_of_several_models():
    """Models take turns, and a checker proves an answer as it does any other."""
    play = _played(problem=Problem("?", checker=NUMBER), slots=1)
    assert play.run(check_replays=0.3) is StopReason.SOLVED
    play = _played(options={"confidence_target": 0.999999, "max_tries": 5})
    play.run()
    samples = [result for result in play.told if result.kind is StepKind.SAMPLE]
    assert len(samples) == 5
    assert {result.model for result in samples} == {"a/one", "b/two"}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (_call("{not json"), "are not JSON"),
        (_call("[1]"), "no JSON object"),
        (_call("{}"), "“word” of look_up is missing"),
        (_call('{"word": 6}'), "must be of the type string"),
        (_call(name="rm -rf"), "There is no tool “rm -rf”"),
        (_call('{"word": "%s"}' % ("x" * 60_000)), "longer than"),
    ],
)
def test_what_cannot_be_carried_out_is_answered_in_words(call, words):
    """Nothing is used, the model is told why, and the attempt goes on."""
    play = _played(calls=_once(call))
    play.run(check_replays=0.3)
    assert not [result for result in play.told if result.kind is StepKind.TOOL]
    assert words in _shown(play.asked["agent/0/1"])
    assert play.strategy.best().answer == "42"


def test_several_calls_of_one_reply_are_answered_in_their_order():
    """Those that can be carried out are, up to a number; each gets its answer under its own id."""
    calls = [_call(id=f"call_{n}", name="look_up" if n % 2 == 0 else "other") for n in range(8)]
    play = _played(calls=_once(*calls))
    play.run(check_replays=0.3)
    tools = [message for message in play.asked["agent/0/1"].messages if message.role == "tool"]
    assert [message.answers_call for message in tools] == [call.id for call in calls]
    assert [key for key in play.asked if key.startswith("agent/0/0/")] == [
        "agent/0/0/0",
        "agent/0/0/2",
        "agent/0/0/4",
    ]
    assert "Only 6 calls" in tools[6].content


def test_an_attempt_that_would_go_on_for_ever_must_answer():
    """After its turns the last call has no tools, and shows all that was found in one plain message."""
    play = _played(calls=lambda _step, _rng: (_call(),), options={"max_tries": 1}, budget_nano=20 * 10**9)
    play.run(check_replays=0.2)
    last = max(
        (key for key in play.asked if key.count("/") == 2), key=lambda key: int(key.rpartition("/")[2])
    )
    step = play.asked[last]
    assert not step.tools
    assert len(step.messages) == 1
    assert "Nothing more can be looked up" in _shown(step)
    assert _shown(step).count("<tool_result") == int(last.rpartition("/")[2])
    assert play.strategy.best().answer == "42"


@pytest.mark.parametrize("budget_nano", [10_000_000, 30_000_000, 60_000_000, 120_000_000])
def test_the_money_for_the_answer_is_kept_back(budget_nano):
    """Whatever the budget, an attempt that was begun ends with a call that answers."""
    play = _played(calls=lambda _step, _rng: (_call(),), budget_nano=budget_nano)
    play.run(check_replays=0.2)
    turns = [result.key for result in play.told if result.kind is StepKind.TURN]
    answered = {result.key.split("/")[1] for result in play.told if result.kind is StepKind.SAMPLE}
    assert {key.split("/")[1] for key in turns} <= answered
    assert play.spent_nano <= budget_nano
    assert play.strategy.best() is not None


def test_a_paid_use_that_does_not_fit_is_left_out_in_words():
    """A note says so in place of the use, and the model is told."""
    dear = replace(PAID, most_nano=10**12)
    play = _played(tools=(dear,), calls=_once(_call(name="web_search")))
    play.run(check_replays=0.3)
    assert not [result for result in play.told if result.kind is StepKind.TOOL]
    assert "does not fit into the money" in _shown(play.asked["agent/0/1"])


@pytest.mark.parametrize("changes", [{"tools": ()}, {"panel": [card("a/one", ability=0.9)]}])
def test_without_tools_or_models_that_call_them_plain_attempts_are_made(changes):
    """The strategy is then a vote."""
    play = _played(**changes)
    assert play.run(check_replays=0.3) is StopReason.CONFIDENT
    assert not any(step.tools for step in play.asked.values())


def test_where_no_model_that_calls_tools_can_be_had_others_make_plain_attempts():
    """The few that an attempt with tools would have been."""
    dear = replace(panel_that_calls_tools()[0], rates=Rates(10**10, 10**10))
    play = _played(
        panel=[dear, card("b/two", ability=0.9)], options={"confidence_target": 0.999999}, budget_nano=10**9
    )
    assert play.run(check_replays=0.3) is StopReason.NO_PROGRESS
    assert {result.model for result in play.told if result.kind is StepKind.SAMPLE} == {"b/two"}
    assert play.strategy.best().answer == "42"


def test_another_execution_with_other_tools_goes_on():
    """What is not there any more is answered in words; nothing that was told is asked again."""
    play = _played(calls=lambda step, rng: (_call(),) if rng.random() < 0.6 else (), max_steps=5)
    play.run()
    play.tools = ()
    play.setting = replace(play.setting, tools=())
    play.strategy = play.another_life()
    play.in_flight.clear()
    play.max_steps = 100
    assert play.run() is not None
    assert play.strategy.best().answer == "42"


def test_what_a_tool_brought_stays_when_the_tool_is_off():
    """Another execution without the tool shows what was told of its use before, as the sources of the answer do."""
    play = _played(options={"max_tries": 1}, slots=1, max_steps=4)
    play.run()
    assert play.told[-1].kind is StepKind.TOOL
    play.tools = ()
    play.setting = replace(play.setting, tools=())
    play.strategy = play.another_life()
    play.max_steps = 100
    play.run(check_replays=1.0)
    assert "Six is 6." in _shown(play.asked["agent/0/1"])


def test_a_random_world_ends_with_an_answer():
    """Failures, mute replies and calls at random: at every moment another execution is in the same state."""

    def calls(_: Step, rng: random.Random) -> list[ToolCall]:
        names = ["look_up", "web_search", "nothing"]
        return [_call(name=rng.choice(names), id=f"c{n}") for n in range(rng.choice([0, 0, 1, 2]))]

    for seed in range(4):
        play = _played(calls=calls, tools=(LOOK_UP, PAID), seed=seed)
        play.respond = world(ability=0.7, muteness=0.1)
        play.run(check_replays=0.5)
        assert play.strategy.best() is not None
        assert play.spent_nano <= play.budget_nano


def test_where_tools_know_more_attempts_with_them_are_right_more_often_for_less():
    """In the simulated world, and the runner makes the same of it as the drive without an event loop."""
    spent, right = {}, {}
    for tools in (False, True):
        jobs = [play(Scenario(seed, 200_000_000, "agent", tools=tools)) for seed in range(30)]
        spent[tools] = sum(result.charged_nano for job in jobs for result in job.results)
        right[tools] = sum(job.outcome.best is not None and job.outcome.best.answer == "1" for job in jobs)
    assert right[True] >= right[False]
    assert spent[True] < spent[False]
    job = simulate(Scenario(3, 200_000_000, "agent", tools=True))
    again = play(Scenario(3, 200_000_000, "agent", tools=True))
    assert job.charged_nano == sum(result.charged_nano for result in again.results)


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("Who wrote the first novel in Esperanto?", "agent"),
        ("How many primes lie between 10000 and 20000?", "agent"),
        ('Sum the column.\n\n<file name="a.csv" is="a table">', "agent"),
        ("Prove that every group of order 4 is abelian.", "deep"),
    ],
)
def test_auto_begins_with_attempts_with_tools_where_they_would_help(text, runs):
    """Files, facts and computations; only where there are tools and a model that calls them."""
    play = _played(problem=Problem(text), max_steps=1)
    play.name = "auto"
    assert play.make().make_plan().run == runs
    play.setting = replace(play.setting, tools=())
    assert play.make().make_plan().run == "deep"


def test_what_a_model_wrote_is_sent_back_as_every_provider_takes_it():
    """Arguments that are no object, odd names and ids that come again would make a provider refuse the conversation."""
    odd = (_call("{not json", "rm -rf /"), _call("[1]"), _call())
    play = _played(calls=lambda step, _: odd if step.key.endswith(("/0", "/1")) else ())
    play.run()
    said = play.asked["agent/0/2"].messages
    calls = [call for message in said for call in message.tool_calls]
    assert len({call.id for call in calls}) == len(calls) == 6
    assert [message.answers_call for message in said if message.role == "tool"] == [call.id for call in calls]
    assert all(isinstance(json.loads(call.arguments), dict) for call in calls)
    assert calls[0].name == "rm_-rf__"
