"""Says of programs that were run what they did: how many behave alike, what they pass, and where others differ."""

from collections.abc import Sequence
from typing import Protocol

from solver.core.steps import Candidate, StepResult
from solver.inference.behaviour import Behaviour, groups_alike
from solver.inference.explanation import FAILED, PASSED, count_of

_MOST_DISSENT = 5
_MAX_SHOWN_CHARS = 60


class InputsView(Protocol):
    """On what programs were run."""

    @property
    def calls(self) -> Sequence[str]:
        """The calls whose values were compared."""
        ...

    @property
    def prints(self) -> bool:
        """Whether programs were run as they stand."""
        ...


def candidate_of(
    programs: Sequence[StepResult], behaviours: Sequence[Behaviour], chosen: int, inputs: InputsView
) -> Candidate:
    """Return the chosen program with what its runs say for it."""
    program, did = programs[chosen], behaviours[chosen]
    groups = groups_alike(behaviours)
    alike = next(len(group) for group in groups if chosen in group)
    sentence = _sentence(alike, len(programs), did, inputs)
    others = sorted((group for group in groups if chosen not in group), key=len, reverse=True)
    return Candidate(
        answer=program.answer or "",
        text=program.text,
        key=program.answer_key,
        step_key=program.key,
        confidence=None,
        explanation=sentence,
        checked=_checked(did),
        dissent=tuple(
            (_difference(behaviours[group[0]], did, inputs), len(group)) for group in others[:_MOST_DISSENT]
        ),
    )


def _sentence(alike: int, programs: int, did: Behaviour, inputs: InputsView) -> str:
    passed = [
        f"{sum(holds)} of {count_of(len(holds), one, many)}"
        for holds, one, many in (
            (did.examples, "example of the problem", "examples of the problem"),
            (did.tests, "test that a model wrote", "tests that a model wrote"),
        )
        if holds
    ]
    passes = f"; this one passes {' and '.join(passed)}" if passed else ""
    return f"{_agreement(alike, programs, did, inputs)}{passes}."


def _agreement(alike: int, programs: int, did: Behaviour, inputs: InputsView) -> str:
    """Return how many programs behave as the chosen one does."""
    on = count_of(len(did.outputs), "input", "inputs")
    if programs == 1:
        return "One program ran to its end" if inputs.prints else f"One program ran on {on}"
    if alike == 1:
        return f"No other of {programs} programs {'prints the same' if inputs.prints else f'behaves alike on {on}'}"
    return f"{alike} of {programs} programs {'print the same' if inputs.prints else f'behave alike on {on}'}"


def _checked(did: Behaviour) -> str:
    """Return whether the examples of the problem hold; tests that a model wrote prove nothing."""
    if not did.examples:
        return ""
    mark = PASSED if all(did.examples) else FAILED
    return f"{mark} Passes {sum(did.examples)} of {count_of(len(did.examples), 'example', 'examples')} of the problem."


def _difference(other: Behaviour, did: Behaviour, inputs: InputsView) -> str:
    """Return where another behaviour differs from the chosen one, in words."""
    if other.is_dead:
        return "Gives no output"
    places = [place for place, output in enumerate(did.outputs) if other.outputs[place] != output]
    # An input on which both have a value tells more than one on which one of them fails.
    both = [place for place in places if other.outputs[place] is not None and did.outputs[place] is not None]
    place = next(iter([*both, *places]), None)
    if place is None:
        return "Differs in the tests that it passes"
    theirs, ours = (_value(each.outputs[place]) for each in (other, did))
    if inputs.prints or place >= len(inputs.calls):
        return f"Prints {theirs} instead of {ours}"
    return f"{_cut(inputs.calls[place])} gives {theirs} instead of {ours}"


def _value(output: str | None) -> str:
    return "no value" if output is None else _cut(" ".join(output.split()))


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN_CHARS else f"{text[: _MAX_SHOWN_CHARS - 1]}…"
