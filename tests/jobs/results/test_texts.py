"""A text from submission to page, mail, export and terminal, through real litellm, HTTP and Postgres."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from billing.prices.book import load_prices
from jobs.core.errors import SubmitError
from jobs.core.options import JobOptions
from jobs.core.states import JobState
from jobs.mail.compose import compose
from jobs.management.terminal import printed, rubric_lines, summary
from jobs.models import Job, OutboxMessage
from solver.checkers.rubric import Rubric
from solver.core.money import NANO_PER_CENT
from solver.core.problem.result_kind import ResultKind
from tests.support.endpoint import Answer, Call
from tests.support.people import make_job, request_for, submit_for

pytestmark = pytest.mark.django_db(transaction=True)

PROBLEM = "Explain in an essay why rivers meander."
TEXT = "## Rivers\n\n" + "Water **bends**. " * 40
ASKED = JobOptions(result=ResultKind.TEXT, max_tries=3)


def writing(call: Call) -> Answer:
    """Three drafts of which one comes to another conclusion; the judge prefers what came later."""
    usage = {"prompt_tokens": 200, "completion_tokens": 150, "total_tokens": 350}
    match call.prompt.rpartition("Task: ")[2] if "\n\nTask: " in call.prompt else "":
        case "rubric":
            return Answer("Criterion 1: met — bends | all over\nCriterion 2: not met — none", usage=usage)
        case "group":
            return Answer("Group: 1\nGroup: 2", usage=usage)
        case "compare":
            shown = [int(found) for found in re.findall(r"Version (\d+)", call.prompt)]
            return Answer(f"A is thin.\nBetter: {'AB'[shown[1] > shown[0]]}\nBy: 3", usage=usage)
    why = "Friction." if call.number == 0 else "Helical flow."
    return Answer(f"{TEXT}\n\nVersion {call.number}.\n\nConclusion: {why}", usage=usage)


@pytest.fixture
def job(alice, endpoint, run_all, settings) -> Job:
    settings.PONDER_PRICES = "openai/test=1/2/32000/2000"
    load_prices()
    endpoint.behaviour = writing
    made = submit_for(alice, PROBLEM, budget_nano=10 * NANO_PER_CENT, options=ASKED)
    run_all()
    made.refresh_from_db()
    return made


def test_an_essay_ends_with_its_text_and_no_percentage(alice, job):
    """The best draft is the page, the mail, the export and the terminal's output; nowhere is a probability claimed."""
    assert (job.state, job.strategy, job.confidence) == (JobState.DONE, "drafts", None)
    assert not job.is_guess
    assert job.answer == "Helical flow."
    assert "Conclusion" not in job.answer_text
    assert re.match(
        r"Best of 3 drafts and \d revisions?: won \d+ of \d+ comparisons; 2 of 3 come to", job.explanation
    )
    assert job.dissent == [{"answer": "Friction.", "votes": 1}]
    assert "%" not in job.explanation + job.stop_reason_words

    browser = Client()
    browser.force_login(alice)
    page = browser.get(job.get_absolute_url()).content.decode()
    result = page.partition('aria-labelledby="answer-h"')[2].partition("</section>")[0]
    assert "<strong>bends</strong>" in result
    assert "Helical flow." in result
    assert "Other conclusions: <bdi>Friction.</bdi>" in result
    assert "Best of 3 drafts" in result
    assert " %" not in result
    assert "confident" not in page
    phases = [page.index(f"{label} <span") for label in ("Draft", "Group conclusions", "Compare", "Revise")]
    assert phases == sorted(phases)
    assert "3 drafts" in page
    listed = browser.get(reverse("job-list")).content.decode()
    assert "Helical flow." in listed
    assert "No reliable answer" not in listed

    mail = compose(OutboxMessage.objects.get(job=job))
    for part in (mail.body, mail.alternatives[0].content):
        assert part.index("Water") < part.index("Conclusion:") < part.index("Best of 3 drafts")
        assert "confident" not in part.casefold()
    exported = browser.get(reverse("job-export-md", args=[job.pk])).content.decode()
    assert exported.count("## Rivers") == 1
    assert "**Conclusion:** Helical flow." in exported
    assert "- Friction. (1 draft)" in exported
    assert printed(job) == job.answer_text == summary(job, 1.0)["answer"]
    assert summary(job, 1.0)["conclusion"] == "Helical flow."


def test_the_best_draft_is_read_while_the_job_runs(alice):
    """The live page holds the whole text so far, and what is going on."""
    best = {"answer": "", "text": TEXT, "confidence": None, "explanation": "Best of 2 drafts.", "dissent": []}
    phase = "Compare — 1 of at most 2, 2 drafts"
    job = make_job(alice, JobState.RUNNING, best=best, phase=phase, pinned={"result": "text"}, checker={})
    browser = Client()
    browser.force_login(alice)
    live = browser.get(reverse("job-live", args=[job.pk])).content.decode()
    assert "Best draft so far" in live
    assert "<strong>bends</strong>" in live
    assert "Compare — 1 of at most 2, 2 drafts" in live
    assert "confident" not in live


def test_a_form_for_a_text_sent_twice_is_one_job(alice, job):
    """Whatever strategy was chosen: a text is written in drafts, and the same request is met by that job."""
    asked = request_for(alice, PROBLEM, budget_nano=job.budget_nano, options=ASKED)
    assert asked.strategy == "auto"
    assert asked.is_met_by(job)


def test_a_rubric_is_judged_paid_and_shown_everywhere(alice, endpoint, run_all, settings):
    """Its calls are steps like all others; its verdicts are on page, list of phases, mail, exports and terminal."""
    settings.PONDER_PRICES = "openai/test=1/2/32000/2000"
    load_prices()
    endpoint.behaviour = writing
    rubric = Rubric(("3: Says that rivers bend", "2.5: Gives an example"))
    job = submit_for(
        alice, PROBLEM, budget_nano=10 * NANO_PER_CENT, checker=rubric, options=JobOptions(max_tries=2)
    )
    run_all()
    job.refresh_from_db()
    assert (job.state, job.strategy, job.checked) == (JobState.DONE, "drafts", "")
    assert job.explanation.endswith("; rubric 3 of 5.5.")
    steps = job.steps.filter(kind="rubric")
    assert steps.count() == job.steps.filter(kind__in=["sample", "revise", "aggregate"]).count()
    assert all(step.charged_nano > 0 for step in steps)
    browser = Client()
    browser.force_login(alice)
    page = browser.get(job.get_absolute_url()).content.decode()
    result = page.partition('aria-labelledby="answer-h"')[2].partition("</section>")[0]
    assert re.search(
        r"✓.*Says that rivers bend.*bends \| all over.*3<.* of 3<.*✗.*0<.* of 2.5<", result, re.DOTALL
    )
    assert "is judged by a rubric of 2 criteria (5.5 points)" in page
    assert "Judge by the rubric <span" in page
    mail = compose(OutboxMessage.objects.get(job=job))
    for part in (mail.body, mail.alternatives[0].content):
        assert "✓ 3 of 3: Says that rivers bend (bends | all over)" in part
        assert "✗ 0 of 2.5: Gives an example (none)" in part
    exported = browser.get(reverse("job-export-md", args=[job.pk])).content.decode()
    assert (
        "| ✓ Says that rivers bend (bends \\| all over) | 3 of 3 |\n| ✗ Gives an example (none) | 0 of 2.5 |"
        in exported
    )
    data = json.loads(browser.get(reverse("job-export-json", args=[job.pk])).getvalue())
    assert [row["is_met"] for row in data["rubric"]] == [True, False]
    assert data["checker"] == rubric.to_json()
    assert summary(job, 1.0)["rubric"] == data["rubric"]
    assert rubric_lines(job)[1] == "✗ 0 of 2.5: Gives an example (none)"


def test_a_rubric_for_code_is_refused_in_words(alice):
    """It says what a rubric is for, before anything is spent."""
    with pytest.raises(SubmitError, match=r"“A rubric: criteria with points” cannot check .* “Code”"):
        submit_for(alice, PROBLEM, checker=Rubric(("1: Runs",)), options=JobOptions(result=ResultKind.CODE))
