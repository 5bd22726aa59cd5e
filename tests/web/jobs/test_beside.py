"""Two runs side by side, and what differs between them."""

import time

import pytest
from django.urls import reverse

from jobs.presenters.difference import difference_of, is_the_same
from tests.support.people import SOLVED, make_job


def pieces(before, after, *, by_lines=False):
    return [(piece.change.value, piece.text) for piece in difference_of(before, after, by_lines=by_lines)]


def test_texts_are_compared_by_words_and_programs_by_lines():
    """What is equal stays as it is; far from changes, equal lines are counted alone."""
    assert pieces("Costs rose by 5 %.", "Costs fell by 5 %.") == [
        ("kept", "Costs "),
        ("removed", "rose"),
        ("added", "fell"),
        ("kept", " by 5 %."),
    ]
    before = "".join(f"line {n}\n" for n in range(20))
    found = difference_of(before, before.replace("line 10\n", "line ten\n"), by_lines=True)
    assert [(piece.change.value, piece.lines) for piece in found if piece.change == "skipped"] == [
        ("skipped", 7),
        ("skipped", 6),
    ]
    assert pieces("a = 1", "a = 1\n", by_lines=True) == [("kept", "a = 1\n")]
    assert is_the_same(difference_of("", "", by_lines=False))


@pytest.mark.parametrize("word", ["a ", "a\n", "ab"])
def test_a_comparison_takes_bounded_time(word):
    """Texts of one word over and over, the worst for matching; what is longer is not compared."""
    began_s = time.process_time()
    for length in (3_000, 19_000):
        difference_of(word * length, "b " + word * (length - 1), by_lines=False)
    assert time.process_time() - began_s < 20
    assert difference_of("x" * 40_001, "", by_lines=False) is None


@pytest.mark.django_db
def test_two_runs_stand_side_by_side(alice, charlie):
    """Answers, confidence, cost and calls of both; the job page leads there; for strangers there is no such page."""
    first = make_job(alice.user, spent_cents=2, attempts=4, **SOLVED | {"confidence": 0.41})
    second = make_job(alice.user, spent_cents=4, attempts=9, parent=first, **SOLVED | {"answer": "29 + 29"})
    address = reverse("job-beside", args=[first.pk, second.pk])
    assert address in alice.get(first.get_absolute_url()).content.decode()
    assert address in alice.get(second.get_absolute_url()).content.decode()
    text = alice.get(reverse("job-beside", args=[second.pk, first.pk])).content.decode()
    assert "They gave different answers. The second run cost 2.0 times as much as the first run." in text
    for words in (SOLVED["answer"], "29 + 29", "41 %", ">4<", ">9<", "The same in both."):
        assert words in text, words
    assert charlie.get(address).status_code == 404
    foreign = make_job(charlie.user)
    assert alice.get(reverse("job-beside", args=[first.pk, foreign.pk])).status_code == 404


@pytest.mark.django_db
def test_texts_show_what_was_struck_and_what_was_added(alice):
    """Word by word, also in the problems of runs with changes."""
    jobs = [
        make_job(
            alice.user,
            problem=f"Write {count} words on rivers.",
            checker={},
            pinned={"result": "text"},
            answer="Rivers matter.",
            answer_text=f"Rivers carry {what} to the sea.\n\nConclusion: Rivers matter.",
        )
        for count, what in (("ten", "silt"), ("twenty", "salt"))
    ]
    text = alice.get(reverse("job-beside", args=[job.pk for job in jobs])).content.decode()
    assert "What they came to differs: see below." in text
    assert "Write <del>ten</del><ins>twenty</ins> words" in text
    assert "carry <del>silt</del><ins>salt</ins> to the sea" in text


@pytest.mark.django_db
def test_two_ticked_jobs_of_the_list_are_compared(alice, done_job, running_job):
    """Exactly two; else it is said how many were ticked."""
    ticked = {"action": "compare", "job": [done_job.pk, running_job.pk]}
    reply = alice.get(reverse("job-bulk"), ticked)
    assert reply.status_code == 302
    assert "/beside/" in reply["Location"]
    text = alice.get(reverse("job-bulk"), ticked | {"job": [done_job.pk]}, follow=True).content.decode()
    assert "exactly two" in text
    assert "1 was ticked" in text
