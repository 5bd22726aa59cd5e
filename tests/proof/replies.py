"""What the proofs' models say: to every kind of step something its strategy can read, from problem and seed alone."""

import random

from solver.core.steps import StepKind

PROGRAM = "Write a Python function"
LETTER = "Which of A, B and C holds"
TEXT = "Write a short essay"
DATA = "Give it as a JSON object"
"""Words by which a prompt's problem says what should come back; a short answer otherwise."""
_ANSWERS = frozenset(kind.value for kind in StepKind if kind.answers)


def reply(prompt: str, seed: int, *, ability: float = 0.5, answers: int = 4) -> str:
    """Return the reply to the last message of a prompt; the same prompt and seed give the same reply."""
    rng = random.Random(f"{prompt}:{seed}")
    kind = prompt.rpartition("Task: ")[2].strip() if "\n\nTask: " in prompt else "sample"
    right = rng.random() < ability
    if kind in _ANSWERS and (whole := _whole(prompt, rng, answers, right=right)):
        return whole
    match kind:
        case "grade":
            return f"Step 1: ok\nVerdict: {'correct' if right else 'incorrect'}"
        case "compare":
            return f"They differ in step 1.\nBetter: {'A' if right else 'B'}"
        case "group":
            return "Group: 1, 2"
        case "rubric":
            # A judge says something of the first two criteria, whatever the rubric; more go without a word.
            return f"Criterion 1: met (in the first sentence)\nCriterion 2: {'met' if right else 'not met'}"
        case "tests":
            return "```python\nassert f(1) == 1\nassert f(5) == 5\n```"
        case "program":
            return f"```python\nprint({42 if right else rng.randrange(answers)})\n```"
        case "plan":
            # Of a kind that the model is known to be good at, so that few tries settle it.
            return (
                f"<part>Compute ({seed % 7} + 1) mod 5.</part>\n<part>Compute ({seed % 5} + 2) mod 7.</part>"
            )
    return f"Let me see.\nAnswer: {42 if right else rng.randrange(answers)}"


def _whole(prompt: str, rng: random.Random, answers: int, *, right: bool) -> str:
    """Return a reply that is more than a short answer, where the prompt asks for one."""
    wrong = rng.randrange(answers)
    if PROGRAM in prompt:
        return f"```python\ndef f(n):\n    return {'n' if right else wrong}\n```"
    if LETTER in prompt:
        return f"Let me see.\nAnswer: {'B' if right else 'AC'[wrong % 2]}"
    if TEXT in prompt:
        sentences = " ".join(f"Point {rng.randrange(100)} matters." for _ in range(rng.randint(2, 5)))
        return (
            f"# Essay\n\n{sentences}\n\nConclusion: {'It holds' if right else f'It fails in case {wrong}'}."
        )
    if DATA in prompt:
        # Now and then it does not fit its schema, which is told once.
        n = 42 if right else rng.choice([wrong, f'"{wrong}"'])
        return f'```json\n{{"n": {n}, "m": [{wrong}, 2]}}\n```'
    return ""
