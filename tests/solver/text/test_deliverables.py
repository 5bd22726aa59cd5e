"""What a reply delivers where that is no short answer."""

import pytest

from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.judging.judge import Judge
from solver.text.deliverables import deliverable_in, deliverable_key

ESSAY = "# Rome\n\nIt was not built in a day.\n\n---\n**Conclusion:** Rome took long."


def test_a_text_is_delivered_without_its_conclusion():
    """The last line says what the text comes to; a section of that name belongs to the text."""
    found = deliverable_in(f"<think>Conclusion: no</think>\n{ESSAY}", ResultKind.TEXT)
    assert found == ("# Rome\n\nIt was not built in a day.", "Rome took long.")
    assert deliverable_in("Only this.", ResultKind.TEXT) == ("Only this.", None)
    section = "Text.\n\n## Conclusion:\n\nIt all ends well."
    assert deliverable_in(section, ResultKind.TEXT) == (section, None)
    assert deliverable_in("", ResultKind.TEXT) == (None, None)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (ResultKind.CODE, "So:\n```python\ndef f(): return 1\n```\nDone.", "```py\n# one\n\ndef f(): return 1\n```"),
        (ResultKind.DATA, 'Here:\n```json\n{"b": 1, "a": [2]}\n```', 'It is {"a": [2], "b": 1}, as asked.'),
        (ResultKind.DATA, "```csv\na,b\n1,2\n```", "```\na,b \n1,2\n```"),
    ],
)  # fmt: skip
def test_equal_programs_and_data_have_one_key(kind, one, other):
    """Comments, blank lines and the order of keys make no difference."""
    keys = {deliverable_key(deliverable_in(reply, kind).body or "", kind) for reply in (one, other)}
    assert len(keys) == 1


async def test_the_judge_reads_what_was_asked_for():
    """A text has its conclusion for an answer and no key; code and data have keys."""
    judge = Judge(processes=1)
    assert await judge.judge(text=ESSAY, checker=None, result=ResultKind.TEXT) == (
        "Rome took long.",
        None,
        None,
    )
    code = await judge.judge(text="```js\nlet x = 1\n```", checker=None, result=ResultKind.CODE)
    assert (code.answer, (code.key or "")[:5]) == ("let x = 1", "code:")
    assert (await judge.judge(text="I refuse.", checker=None, result=ResultKind.DATA)).answer is None
    await judge.close()


def test_a_model_is_asked_for_what_should_come_back():
    """No “Answer:” line is forced on an essay, and no conclusion on a number."""
    asked = {kind: Problem("Write.", result=kind).messages()[0].content for kind in ResultKind}
    assert ["Answer: …" in text for text in asked.values()] == [True, True, False, False, False]
    assert "Conclusion: …" in asked[ResultKind.TEXT]
