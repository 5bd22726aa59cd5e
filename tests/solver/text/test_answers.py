"""The committed cases of bench/accuracy/answers.jsonl hold: what the answer is, which are the same, what checkers say."""

import json

import pytest

from bench.accuracy import answers
from solver.text.extract import extract_answer
from solver.text.keys import quick_key

CASES = answers.read(answers.CASES)


def test_answers_are_found_in_the_replies_of_all_cases():
    """What is extracted is the answer's text or, mostly, has its plain key; the bench compares the rest."""
    for case in CASES:
        if case["kind"] == "extract":
            found = extract_answer(case["reply"])
            assert (found is None) == (case["answer"] is None), case


def test_no_two_different_plain_answers_share_a_key():
    """In-process, over all cases."""
    for case in CASES:
        if case["kind"] == "different":
            keys = [key for answer in case["answers"] if (key := quick_key(answer)) is not None]
            assert len(set(keys)) == len(keys), case


def test_cases_hold_in_the_judge_of_a_job():
    """Every fortieth case, in every order of arrival, through the processes of the pool."""
    figures = answers.figures(CASES[::40])
    assert (figures["wrong_merges"], figures["wrong_passes"], figures["failed"]) == (0, 0, [])


def test_the_bench_ends_with_one_line_of_json(tmp_path, capsys):
    """A file of cases that fail in each grave way is counted as such."""
    wrong = [
        {"kind": "different", "answers": ["1/2", "0.5"]},
        {"kind": "check", "checker": {"kind": "number", "expected": "5"}, "answer": "5", "verdict": False},
        {"kind": "extract", "reply": "Answer: 4", "answer": "5"},
        {"kind": "same", "answers": ["4", "4.0"]},
    ]
    (tmp_path / "cases.jsonl").write_text("\n".join(map(json.dumps, wrong)))
    assert answers.report(tmp_path / "cases.jsonl", is_table=False) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {
        "cases": 4, "held": 1, "wrong_merges": 1, "wrong_passes": 1, "failed": [0, 1, 2],
    }  # fmt: skip


def test_a_case_of_an_unknown_kind_is_refused():
    """A slip in a file of cases is told."""
    with pytest.raises(ValueError, match="none of extract, same, different and check"):
        answers.figures([{"kind": "samee", "answers": []}])
