"""The list of jobs."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.support import people
from tests.support.people import make_job

pytestmark = pytest.mark.django_db


def page(person, **query):
    return person.get(reverse("job-list"), query).content.decode()


def test_an_empty_list_teaches(alice):
    """The first visit says what a job is and where to begin."""
    text = page(alice)
    assert "Your first job" in text
    assert reverse("job-new") in text


def test_the_number_of_queries_does_not_grow(alice):
    """Two jobs or forty: the same queries."""
    make_job(alice.user)
    make_job(alice.user, "running")
    page(alice)
    with CaptureQueriesContext(
        connection,
    ) as few:
        page(alice)
    for _ in range(20):
        make_job(alice.user)
        make_job(alice.user, "running", spent_cents=1)
    with CaptureQueriesContext(connection) as many:
        page(alice)
    assert len(many) == len(few) <= 8


def test_search_and_state_narrow_the_list(alice):
    """Words are looked for in title, problem and answer; states in groups."""
    make_job(alice.user, title="Prime gaps", problem="About primes")
    make_job(alice.user, "failed", title="Knots", problem="About knots")
    make_job(alice.user, "running", title="Graphs", problem="About graphs")
    assert "Prime gaps" in page(alice, q="PRIME")
    assert "Knots" not in page(alice, q="prime")
    assert "Graphs" in page(alice, state="active")
    assert "Knots" not in page(alice, state="active")
    assert "No matching jobs" in page(alice, q="zebra")


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "spent"},
        {"sort": "budget"},
        {"sort": "oldest"},
        {"sort": "'"},
        {"state": "x"},
        {"page": "99"},
        {"page": "x"},
        {"q": "\x00%_"},
    ],
)
def test_any_query_is_answered(alice, query):
    """Known orders work; unknown values fall back."""
    make_job(alice.user)
    make_job(alice.user, "running", spent_cents=1)
    assert alice.get(reverse("job-list"), query).status_code == 200


def test_the_most_spent_come_first(alice):
    """Running jobs count what they spent until now."""
    make_job(alice.user, title="cheap", spent_cents=1)
    make_job(alice.user, "running", title="dear", spent_cents=4)
    text = page(alice, sort="spent")
    assert text.index("dear") < text.index("cheap")


def test_pages_keep_what_was_chosen(alice):
    """The link to the next page carries search and order."""
    for _ in range(26):
        make_job(alice.user)
    text = page(alice, q="make", sort="oldest")
    assert "?q=make&amp;sort=oldest&amp;page=2" in text


def test_htmx_gets_the_rows_alone(alice):
    """A search as you type swaps the rows, not the page."""
    make_job(alice.user)
    reply = alice.get(reverse("job-list"), headers={"HX-Request": "true"})
    assert 'id="results"' in reply.content.decode()
    assert "<html" not in reply.content.decode()
    assert "HX-Request" in reply["Vary"]


def test_going_back_gets_the_whole_page(alice):
    """Htmx restores its history with whole pages."""
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in alice.get(reverse("job-list"), headers=headers).content.decode()


def test_a_row_says_how_good_the_answer_is(alice):
    """A confidence and whether it was checked stand in the list, too; a check that failed is no answer."""
    solved = people.SOLVED | {"confidence": 0.73}
    make_job(alice.user, **solved)
    make_job(alice.user, **solved | {"checked": "✗ It is not 58."})
    text = page(alice)
    assert "✓ 73 % confident" in text
    assert "✗ check failed" in text


def test_a_row_shows_no_raw_data_and_no_latex(alice):
    """Of data it says how the replies agreed, and formulas stand in signs."""
    said = "All fields are the same in all 3 replies."
    make_job(alice.user, "done", pinned={"result": "data"}, answer='{"moons": 95}', explanation=said)
    make_job(alice.user, **people.SOLVED | {"answer": r"$\frac{\pi^4}{15}$"})
    text = page(alice)
    assert (said in text, "moons" in text) == (True, False)
    assert "π^4/15" in text


def test_texts_stand_in_the_direction_of_their_language(alice):
    """A title in Arabic begins at the right."""
    make_job(alice.user, title="ما هي عاصمة فرنسا؟")
    assert 'dir="auto">ما هي عاصمة فرنسا؟' in page(alice)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("resume", "Mon résumé"), ("RÉSUMÉ", "a resume"), ("re\u0301sume", "resume"), ("grosse", "Die Größe"),
        ("groesse", "Die Größe"), ("größe", "GROSSE"), ("lodz", "Łódź"), ("two words", "two\nwords"), ("αθηνα", "Αθήνα"),
        ("ёлка", "елка"), ("o'brien (a+b)*", "O'Brien (a+b)*"), ("[a-z]", "x[a-z]y"), ("素数", "素数とは"),
    ],
)  # fmt: skip
def test_a_search_sees_neither_case_nor_accents(alice, query, text):
    """Whatever the language; signs are looked for as they are."""
    make_job(alice.user, title="found", problem=text)
    assert "found" in page(alice, q=query)
    assert "No matching jobs" in page(alice, q=f"{query}x")


def test_the_list_says_what_its_jobs_cost_and_is_a_csv(alice, charlie):
    """Sums and file are of the jobs that were chosen, not only of those on the page; no cell is a formula."""
    make_job(alice.user, title="=cheap", spent_cents=1, tags=["maths"])
    make_job(alice.user, "running", title="dear", spent_cents=4, budget_cents=10, tags=["maths"])
    make_job(alice.user, title="other", spent_cents=5)
    assert "2 jobs · $0.05 spent · $0.06 reserved" in page(alice, tag="maths")
    reply = alice.get(reverse("job-list-csv"), {"tag": "maths", "sort": "spent"})
    lines = b"".join(reply.streaming_content).decode().splitlines()
    assert len(lines) == 3
    assert ",dear,Running,maths," in lines[1]
    assert ",0.10,0.04,0.06," in lines[1]
    assert ",'=cheap,Done,maths," in lines[2]
    foreign = charlie.get(reverse("job-list-csv"))
    assert b"".join(foreign.streaming_content).decode().count("\n") == 1
