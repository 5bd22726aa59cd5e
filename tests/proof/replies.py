"""What the proofs' models say: to every kind of step something its strategy can read, from problem and seed alone."""

import random


def reply(prompt: str, seed: int, *, ability: float = 0.5, answers: int = 4) -> str:
    """Return the reply to the last message of a prompt; the same prompt and seed give the same reply."""
    rng = random.Random(f"{prompt}:{seed}")
    kind = prompt.rpartition("Task: ")[2].strip() if "\n\nTask: " in prompt else "sample"
    right = rng.random() < ability
    if kind == "sample" and "Write a Python function" in prompt:
        return f"```python\ndef f(n):\n    return {'n' if right else rng.randrange(answers)}\n```"
    match kind:
        case "grade":
            return f"Step 1: ok\nVerdict: {'correct' if right else 'incorrect'}"
        case "compare":
            return f"They differ in step 1.\nBetter: {'A' if right else 'B'}"
        case "group":
            return "Group: 1, 2"
        case "program":
            return f"```python\nprint({42 if right else rng.randrange(answers)})\n```"
        case "plan":
            # Of a kind that the model is known to be good at, so that few tries settle it.
            return (
                f"<part>Compute ({seed % 7} + 1) mod 5.</part>\n<part>Compute ({seed % 5} + 2) mod 7.</part>"
            )
    return f"Let me see.\nAnswer: {42 if right else rng.randrange(answers)}"
