"""The simulated world that models are asked about: problems, what models answer, how long and how well they judge.

Problems have a difficulty and models an ability on one logit scale (item response theory, Rasch 1960, with a common
discrimination); wrong answers cluster on a few attractive ones that models partly share; lengths of output are
lognormal. The engine's own prompts are read as a model would read them: a grader has a sensitivity and a specificity
and often repeats itself on the same answer; a comparison prefers the first candidate now and then; a revision keeps
what was right more often than it repairs what was wrong; an aggregate needs a right candidate to be better than a new
try; a plan's parts are easier than the whole. Everything derives from one seed; the parameters are pinned in
solver/simulation/simulation.json.
"""

import json
import math
import random
import re
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from solver.core.models import ModelCard, OutputQuantiles
from solver.core.pricing import Rates
from solver.core.request import Message, ToolCall
from solver.core.steps import StepKind
from solver.inference.calibration import sigmoid

RIGHT = "1"
_PICO_PER_USD_PER_M = 1_000_000
_Z90, _Z995 = 1.2816, 2.5758
_PROBLEM = re.compile(r"<problem>\n(.*?)\n</problem>", re.DOTALL)
_CANDIDATE = re.compile(r"<candidate>\n(.*?)\n</candidate>", re.DOTALL)
_ANSWER = re.compile(r"Answer: (\S+)")
_FOUND = re.compile(r"^Found: (\S+)$", re.MULTILINE)
_CALLS_TOOLS = 0.9
_BELIEVES_TOOLS = 0.9
_PART = "Part "


@cache
def parameters() -> dict[str, Any]:
    """Return the pinned parameters."""
    pinned: dict[str, Any] = json.loads(Path(__file__).with_name("simulation.json").read_text())
    return pinned


@cache
def cards() -> tuple[ModelCard, ...]:
    """Return the panel of the simulated world, weak to strong, with its true average abilities as priors."""
    return tuple(_card(model) for model in parameters()["models"])


def _card(model: Mapping[str, Any]) -> ModelCard:
    median, sigma = model["median_tokens"], model["sigma"]
    rates = Rates(
        round(model["input_usd_per_m"] * _PICO_PER_USD_PER_M),
        round(model["output_usd_per_m"] * _PICO_PER_USD_PER_M),
    )
    quantiles = OutputQuantiles(
        median, round(median * math.exp(sigma * _Z90)), round(median * math.exp(sigma * _Z995))
    )
    slope = parameters()["difficulty"]["sd"] * parameters()["discrimination"]
    spread = math.sqrt(1.0 + math.pi * slope * slope / 8.0)
    ability = sigmoid(parameters()["discrimination"] * model["ability"] / spread)
    return ModelCard(
        name=model["name"],
        litellm_model=model["name"],
        family=model["family"],
        rates=rates,
        price_id=0,
        context_window=128_000,
        max_output_tokens=32_000,
        output=quantiles,
        ability={"": ability},
        traits={
            "": {
                "slope": slope,
                "scatter": 0.0,
                "concentration": parameters()["wrong_answers"]["concentration"],
                "blind": 0.03,
            }
        },
        # Simulated models write no prose, as the bundled ones.
        bundled=True,
    )


class Asked(NamedTuple):
    """What a prompt asks: the kind of step, the problem's text, the candidates' answers in order."""

    kind: StepKind
    problem: str
    answers: tuple[str, ...]


class Said(NamedTuple):
    """What a model says and how many tokens it takes; `seconds` is how long."""

    text: str
    tokens: int
    seconds: float
    calls: tuple[ToolCall, ...] = ()


class World:
    """One problem and every model's behaviour on it."""

    def __init__(self, seed: int) -> None:
        world = parameters()
        self.seed = seed
        difficulty = world["difficulty"]
        self.difficulty = random.Random(f"world:{seed}").gauss(difficulty["mean"], difficulty["sd"])
        self._models = {model["name"]: model for model in world["models"]}
        self._read: dict[tuple[Message, ...], Asked] = {}

    def reply(
        self, model_name: str, messages: Sequence[Message], request_seed: int, *, tools: Sequence[str] = ()
    ) -> Said:
        """Return the reply of a model to a prompt; it depends on model, prompt, tools and request seed alone."""
        model, asked = self._models[model_name], self._asked(tuple(messages))
        rng = random.Random(f"{self.seed}:{model_name}:{request_seed}")
        length = parameters()["kinds"].get(asked.kind.value, 1.0)
        tokens = max(round(length * model["median_tokens"] * math.exp(rng.gauss(0.0, model["sigma"]))), 1)
        text = self._text(asked, model, rng)
        seconds = rng.expovariate(1.0 / parameters()["seconds_per_call"])
        looked_up = _FOUND.findall("\n".join(message.content for message in messages))
        if looked_up and rng.random() < _BELIEVES_TOOLS:
            text = f"Answer: {looked_up[-1]}"
        elif tools and not looked_up and rng.random() < _CALLS_TOOLS:
            arguments = json.dumps({"question": f"{asked.problem}: {rng.randrange(1_000)}"})
            return Said("", tokens, seconds, (ToolCall("call_0", rng.choice(tools), arguments),))
        return Said(text, tokens, seconds)

    def right(self, problem: str) -> str:
        """Return the right answer of the whole problem or of one of its parts."""
        return str(10 + zlib.crc32(problem.encode()) % 80) if problem.startswith(_PART) else RIGHT

    def _asked(self, messages: tuple[Message, ...]) -> Asked:
        known = self._read.get(messages)
        if known is None:
            known = self._read[messages] = read_prompt(messages)
        return known

    def _text(self, asked: Asked, model: Mapping[str, Any], rng: random.Random) -> str:
        match asked.kind:
            case StepKind.GRADE:
                return f"Verdict: {'correct' if self._grade(asked, model, rng) else 'incorrect'}"
            case StepKind.COMPARE:
                return f"Better: {'AB'[self._compare(asked, model, rng)]}"
            case StepKind.GROUP:
                alike = [n + 1 for n, each in enumerate(asked.answers) if each == asked.answers[0]]
                return f"Group: {', '.join(map(str, alike))}"
            case StepKind.RUBRIC:
                return "Criterion 1: met"
            case StepKind.PLAN:
                parts = parameters()["parts"]["count"]
                return "\n".join(f"<part>{_PART}{n + 1} of {asked.problem}</part>" for n in range(parts))
            case StepKind.PROGRAM:
                return f"```python\nprint({self._answer(asked, model, rng)})\n```"
            case StepKind.QUESTION:
                return "Question: none"
            case StepKind.TESTS:
                return "I cannot think of any."
        return f"Answer: {self._answer(asked, model, rng)}"

    def chance(self, asked: Asked, model: Mapping[str, Any]) -> float:
        """Return the probability that the model's answer to this prompt is right."""
        world, right = parameters(), self.right(asked.problem)
        depth = asked.problem.count(_PART)
        easier = depth * world["parts"]["easier"]
        logit = world["discrimination"] * (model["ability"] - self.difficulty + easier)
        if asked.kind is StepKind.REVISE and asked.answers:
            fresh = sigmoid(logit)
            revise = world["revise"]
            return float(
                revise["keeps"] + (1.0 - revise["keeps"]) * fresh
                if asked.answers[0] == right
                else revise["repairs"] * fresh
            )
        if asked.kind is StepKind.AGGREGATE and asked.answers:
            share = asked.answers.count(right) / len(asked.answers)
            gain = world["aggregate"]
            return (
                sigmoid(logit + gain["base"] + gain["per_share"] * share)
                if share
                else (gain["without_right"] * sigmoid(logit))
            )
        return sigmoid(logit)

    def _answer(self, asked: Asked, model: Mapping[str, Any], rng: random.Random) -> str:
        if rng.random() < self.chance(asked, model):
            return self.right(asked.problem)
        wrong = parameters()["wrong_answers"]
        repeats = [answer for answer in asked.answers if answer != self.right(asked.problem)]
        if repeats and rng.random() < wrong["repeated"]:
            return rng.choice(repeats)
        if rng.random() < wrong["attraction"]:
            # The most attractive wrong answer takes most; each family shares some of its temptations with the others.
            rank = min(int(rng.expovariate(1.2)), wrong["attractive"] - 1)
            whose = "all" if rng.random() < wrong["shared"] else model["family"]
            return str(100 + zlib.crc32(f"{self.seed}:{asked.problem}:{whose}:{rank}".encode()) % 900)
        # Answers of parts lie between 10 and 89, so a part's scattered errors lie elsewhere.
        lowest = 1_000 if asked.problem.startswith(_PART) else 2
        return str(lowest + rng.randrange(wrong["scattered"]))

    def _grade(self, asked: Asked, model: Mapping[str, Any], rng: random.Random) -> bool:
        """Return the verdict on the candidate: often the same one for the same answer."""
        answer = asked.answers[0] if asked.answers else ""
        right = answer == self.right(asked.problem)
        chance: float = model["sensitivity"] if right else 1.0 - model["specificity"]
        return self._stubborn(f"grade:{asked.problem}:{answer}", model, rng) < chance

    def _compare(self, asked: Asked, model: Mapping[str, Any], rng: random.Random) -> int:
        """Return the place of the candidate that the model prefers."""
        right = [answer == self.right(asked.problem) for answer in asked.answers[:2]]
        if rng.random() < parameters()["prefers_first"] or len(right) < 2:
            return 0
        if right[0] == right[1]:
            return int(rng.random() < 0.5)
        answers = ":".join(sorted(asked.answers[:2]))
        good = self._stubborn(f"compare:{asked.problem}:{answers}", model, rng) < model["comparison"]
        return right.index(good)

    def _stubborn(self, what: str, model: Mapping[str, Any], rng: random.Random) -> float:
        """Return a number of [0, 1): the same for the same question with the pinned probability."""
        if rng.random() < parameters()["stubbornness"]:
            return zlib.crc32(f"{self.seed}:{model['name']}:{what}".encode()) / 2**32
        return rng.random()


def read_prompt(messages: Sequence[Message]) -> Asked:
    """Return what one of the engine's prompts asks (solver/text/prompting/prompts.py); everything else is a try."""
    content = messages[-1].content
    if messages[-1].role == "tool":
        content = messages[0].content
    problem = _PROBLEM.search(content)
    text = problem[1] if problem else content
    task = content.rpartition("\nTask: ")[2]
    if task not in set(StepKind):
        return Asked(StepKind.SAMPLE, text, ())
    answers = tuple(
        found[-1] if (found := _ANSWER.findall(said)) else "" for said in _CANDIDATE.findall(content)
    )
    return Asked(StepKind(task), text, answers)
