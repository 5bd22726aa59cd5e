"""A job's page: live while it runs, the result once it ended."""

import json
import re
from io import StringIO

import pytest
from django.db import connection
from django.db.models import Max
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jobs.mail.compose import compose
from jobs.models import Job, JobQuote, StepRecord, StepState
from jobs.presenters.progress import CLUSTERS_SHOWN, clusters_of
from jobs.upkeep.delete_texts import delete_texts
from reasoning_app.management.commands import solve
from tests.support import people

CODE = "def f(x):\n    return x"
REPLY = f"It is simple.\n```py\n{CODE}\n```"


def show(person, job, name="job-detail", **query):
    return person.get(reverse(name, args=[job.pk]), query)


def test_every_state_has_a_page(alice):
    """Queued to cancelled, with maths and with very long texts."""
    for name, job in people.one_job_of_each_state(alice.user).items():
        reply = alice.get(job.get_absolute_url())
        word = "Scheduled" if name == "scheduled" else job.get_state_display()
        assert reply.status_code == 200, name
        assert word in reply.content.decode() or name == "draft", name


def test_the_legend_explains_a_way_only_where_one_is_drawn(alice):
    """A cancelled job shows no answer, so nothing leads to one."""
    jobs = people.one_job_of_each_state(alice.user)
    for name, is_drawn in (("done", True), ("cancelled", False)):
        assert ("way to what is shown" in show(alice, jobs[name]).content.decode()) is is_drawn, name


def test_a_running_job_shows_its_money_and_its_best_answer(alice, running_job):
    """Spent, budget, held, calls; the title carries state and spend."""
    text = show(alice, running_job).content.decode()
    assert "<title>Running · $3.12 of $5.00" in text
    assert "25 + 12 + 7 * 3" in text
    assert "23 tries" in text
    assert "Finish now" in text


def test_what_its_phases_cost_adds_up_to_what_is_shown_in_all(alice):
    """Three phases of .8 cents: rounded each on its own they would be a cent more than the job."""
    job = people.make_job(alice.user, attempts=3, spent_nano=24_000_000)
    keys = StepRecord.objects.filter(job=job).order_by("seq").values_list("pk", flat=True)
    for key, kind in zip(list(keys), ("sample", "grade", "revise"), strict=True):
        StepRecord.objects.filter(pk=key).update(kind=kind)
    text = show(alice, job).content.decode()
    phases = text.split('<ol class="phases">')[1].split("</ol>")[0]
    shown = re.findall(r'<span class="muted num">([^<]*(?:&lt;[^<]*)?)</span>', phases)
    assert shown == ["$0.01", "$0.01", "&lt; $0.01"]
    assert "$0.02" in text


def test_a_job_says_how_long_such_jobs_take_until_its_budget_is_raised(alice, running_job):
    """The range is that of its quote, which came from this installation's history."""
    JobQuote.objects.create(
        job=running_job, strategy="vote", kind="open", checked=False, budget_nano=running_job.budget_nano,
        cost_p10_nano=1, cost_p50_nano=2, cost_p90_nano=3, time_low_s=240, time_high_s=2_400, win_probability=0.5,
    )  # fmt: skip
    assert "usually take 4–40 min" in alice.get(running_job.get_absolute_url()).content.decode()
    JobQuote.objects.update(time_high_s=300)
    assert (
        "It takes longer than usual (4–5 min)." in alice.get(running_job.get_absolute_url()).content.decode()
    )
    JobQuote.objects.update(budget_nano=running_job.budget_nano // 2)
    assert "usually take" not in alice.get(running_job.get_absolute_url()).content.decode()


def test_calls_are_called_what_they_are(alice, running_job):
    """Tries, grades, revisions: not everything is a try."""
    ids = list(
        StepRecord.objects.filter(job=running_job, kind="sample")
        .order_by("seq")
        .values_list("pk", flat=True)[:3]
    )
    StepRecord.objects.filter(pk__in=ids[:2]).update(kind="grade")
    StepRecord.objects.filter(pk=ids[2]).update(kind="revise")
    text = show(alice, running_job).content.decode()
    assert "— 2 checks" in text
    assert "— 1 revision<" in text
    assert "attempts<" in text


def test_the_page_names_the_models_that_are_asked_no_more(alice, running_job):
    """Whether it is the key or what they say: in a sentence among what was done."""
    running_job.best |= {"left_out": ["openai/x refused the key of this installation."]}
    running_job.save(update_fields=["best"])
    assert "openai/x refused the key of this installation." in show(alice, running_job).content.decode()


def test_the_live_part_is_sent_only_when_something_changed(alice, running_job):
    """The same revision is a 204; a new phase is a 200 with a new revision."""
    text = show(alice, running_job).content.decode()
    revision = text.split("?rev=")[1].split('"')[0]
    assert show(alice, running_job, "job-live", rev=revision).status_code == 204
    Job.objects.filter(pk=running_job.pk).update(phase="Write up")
    reply = show(alice, running_job, "job-live", rev=revision)
    assert reply.status_code == 200
    assert revision not in reply.content.decode()
    assert "<title>" in reply.content.decode()
    assert "<form" not in reply.content.decode()
    assert "<details" not in reply.content.decode()


def test_an_unchanged_poll_is_cheap(alice, running_job):
    """One statement, and neither session nor user is read."""
    revision = show(alice, running_job).content.decode().split("?rev=")[1].split('"')[0]
    with CaptureQueriesContext(connection) as queries:
        assert show(alice, running_job, "job-live", rev=revision).status_code == 204
    assert len(queries) <= 1


def test_what_one_session_was_told_answers_no_other(alice, bob, charlie, client, running_job):
    """A revision is sealed for who was shown it; the others meet the view, and its door."""
    revision = show(alice, running_job).content.decode().split("?rev=")[1].split('"')[0]
    assert show(charlie, running_job, "job-live", rev=revision).status_code == 404
    assert show(bob, running_job, "job-live", rev=revision).status_code == 200
    assert show(client, running_job, "job-live", rev=revision).status_code == 302
    bare = revision.partition(".")[0]
    assert show(charlie, running_job, "job-live", rev=bare).status_code == 404
    assert show(alice, running_job, "job-live", rev=f"{bare}.").status_code == 200


def test_the_end_stops_the_polling(alice, done_job):
    """286 tells htmx to stop; the result and the head without buttons take their places, and nothing is reloaded."""
    reply = show(alice, done_job, "job-live")
    assert reply.status_code == 286
    assert "HX-Refresh" not in reply
    text = reply.content.decode()
    assert 'id="live"' in text
    assert "hx-get" not in text
    assert 'id="job-head" data-job hx-swap-oob="true"' in text
    assert "Run again with changes" in text
    assert "job-actions" not in text


def test_the_result_is_exact(alice):
    """Budget, charge and what returned, to the last digit; where the confidence comes from; what was checked."""
    job = people.make_job(alice.user, spent_nano=31_234_567, attempts=23, **people.SOLVED)
    text = show(alice, job).content.decode()
    assert "$0.031234567" in text
    assert "$0.018765433" in text
    assert "Solved: a checker confirmed the answer." in text
    assert '<span class="tick" aria-hidden="true">✓</span> 25 + 12 + 7 * 3 = 58' in text
    assert "A checker confirmed it after 23 attempts" in text


def test_the_number_of_queries_does_not_grow_with_the_calls(alice):
    """23 or 200 calls: the page asks the same questions, and most of them once for as long as nothing happens."""
    first, few_job, many_job = (people.make_job(alice.user, attempts=attempts) for attempts in (1, 3, 200))
    show(alice, first)
    with CaptureQueriesContext(connection) as few:
        show(alice, few_job)
    with CaptureQueriesContext(connection) as many:
        show(alice, many_job)
    with CaptureQueriesContext(connection) as again:
        show(alice, many_job)
    assert len(few) == len(many) <= 15
    assert len(again) <= 9


def test_what_is_kept_of_a_page_is_neither_old_nor_for_everybody(alice, bob, charlie, done_job):
    """Its work is read once: strangers still get nothing, deleted texts and another title are gone at once."""
    answer = done_job.answer
    assert answer in show(alice, done_job).content.decode()
    assert show(charlie, done_job).status_code == 404
    assert show(charlie, done_job, "job-search").status_code == 404
    assert 'name="verdict"' not in show(bob, done_job).content.decode()
    assert 'name="verdict"' in show(alice, done_job).content.decode()
    listed = alice.get(reverse("job-list")).content.decode()
    assert done_job.title in listed
    assert answer in listed
    Job.objects.filter(pk=done_job.pk).update(title="Another name")
    assert "Another name" in show(alice, done_job).content.decode()
    assert done_job.title not in alice.get(reverse("job-list")).content.decode()
    assert delete_texts(job_id=done_job.pk)
    for page in (show(alice, done_job), show(alice, done_job, "job-search"), alice.get(reverse("job-list"))):
        assert answer not in page.content.decode()


@pytest.mark.parametrize(("name", "wanted"), [("job-finish", "finish"), ("job-cancel", "cancel")])
def test_stopping_asks_first_and_then_says_so_to_the_worker(alice, running_job, name, wanted):
    """GET asks and names the money; POST writes only what is wanted."""
    assert "returns to your wallet" in show(alice, running_job, name).content.decode()
    reply = alice.post(reverse(name, args=[running_job.pk]))
    assert reply.url == running_job.get_absolute_url()
    running_job.refresh_from_db()
    assert running_job.wanted == wanted
    assert running_job.state == "running"


@pytest.mark.parametrize("name", ["job-finish", "job-cancel"])
def test_stopping_an_ended_job_is_harmless(alice, done_job, name):
    """Two clicks, or a click too late."""
    assert alice.post(reverse(name, args=[done_job.pk])).status_code == 302
    done_job.refresh_from_db()
    assert (done_job.state, done_job.wanted) == ("done", "run")


def test_calls_come_in_pages_of_fifty(alice):
    """The oldest first; each with purpose, model, tokens, time and cost."""
    job = people.make_job(alice.user, attempts=60)
    first = show(alice, job, "job-steps").content.decode()
    assert first.count("Independent attempt") == 50
    assert "1–50 of 60" in first
    assert "sample/0<" in first
    second = show(alice, job, "job-steps", page=2).content.decode()
    assert second.count("Independent attempt") == 10
    assert "sample/59<" in second


def test_a_call_that_runs_comes_last(alice):
    """It has no place in the order yet."""
    job = people.make_job(alice.user, "running", attempts=3)
    text = show(alice, job, "job-steps").content.decode()
    assert text.index("sample/2<") < text.index(f"{job.steps.get(state=StepState.OPEN).key}<")


@pytest.mark.parametrize(
    ("reason", "confidence", "words"),
    [
        ("confident", 0.93, "Confident: more attempts are unlikely to change the answer."),
        ("confident", 0.79, "Stopped: more attempts are unlikely to change the answer."),
        ("budget_reached", 0.5, "Stopped: the rest of the $0.05 does not pay for another call."),
    ],
)
def test_the_page_says_why_a_job_stopped(alice, reason, confidence, words):
    """Only an answer of at least 80 % is called confident; a budget is named."""
    job = people.make_job(alice.user, stop_reason=reason, answer="7", confidence=confidence)
    assert words in show(alice, job).content.decode()


def test_a_rejected_answer_has_a_cross_before_it(alice):
    """A grader's rejection does not look like a passed check."""
    job = people.make_job(
        alice.user,
        stop_reason="no_progress",
        answer="7",
        checked="✗ Rejected by demo/thinker in 3 of 3 checks.",
    )
    text = show(alice, job).content.decode()
    assert (
        '<span class="cross" aria-hidden="true">✗</span> Rejected by demo/thinker in 3 of 3 checks.' in text
    )


@pytest.mark.parametrize(
    ("result", "card", "said", "unsaid"),
    [
        ("answer", {"bundled": True, "writes_prose": True}, "The bundled writer", "puzzle models"),
        ("text", {"bundled": True, "writes_prose": True}, "The bundled writer", "puzzle models"),
        ("answer", {"bundled": True}, "The bundled puzzle models", "The bundled writer"),
        ("answer", {"bundled": False}, "Do not rely on it.", "PONDER_GGUF"),
    ],
)
def test_the_page_says_what_the_bundled_models_of_the_job_can_do(alice, result, card, said, unsaid):
    """What the writer wrote has its warning, a guess of the puzzle models theirs; a real model has none."""
    job = people.make_job(
        alice.user, stop_reason="no_progress", answer="7", confidence=0.1, answer_text="It is 7.",
        pinned={"panel": [card], "result": result},
    )  # fmt: skip
    text = show(alice, job).content.decode()
    assert said in text
    assert unsaid not in text
    mail = compose(job.outbox.get(kind="ended"))
    for part in (mail.body, str(mail.alternatives[0][0])):
        assert ("A very small bundled model wrote this." in part) is bool(card.get("writes_prose"))


def test_near_the_budget_the_page_says_what_is_kept(alice):
    """What is kept for the final answer is named where something is, and nothing else is promised."""
    kept = people.make_job(
        alice.user, "running", spent_cents=45, budget_cents=50, pinned={"reserve_nano": 50_000_000}
    )
    assert "90 % spent. The last $0.05 is kept for the final answer." in show(alice, kept).content.decode()
    free = people.make_job(alice.user, "running", spent_cents=45, budget_cents=50)
    text = show(alice, free).content.decode()
    assert "90 % spent." in text
    assert "is kept for" not in text


def test_the_text_of_a_call_is_shown_as_text(alice, running_job):
    """Replies are untrusted: they are escaped, and NUL or controls are dropped."""
    step = running_job.steps.first()
    step.text = "<b>bold</b> \x07 $x$"
    step.save(update_fields=["text"])
    text = alice.get(reverse("job-step-text", args=[running_job.pk, step.pk])).content.decode()
    assert "&lt;b&gt;bold&lt;/b&gt;" in text
    assert "\x07" not in text
    assert running_job.problem in text


def test_answers_to_parts_are_not_answers_to_the_problem(alice, running_job):
    """What the parts of a split problem came to is not counted among its answers."""
    before = clusters_of(running_job)
    for step in StepRecord.objects.filter(job=running_job, kind="sample", state="told").order_by("seq")[:3]:
        step.key, step.subproblem = f"decompose/0/part/1/{step.key}", True
        step.save(update_fields=["key", "subproblem"])
    after = clusters_of(running_job)
    assert sum(c.votes for c in before.shown) - sum(c.votes for c in after.shown) == 3


UNREAD = {"passed": None, "checker": "number", "detail": "The answer is not a plain number."}
WORDS = "The checker could not judge this answer: the answer is not a plain number."


@pytest.mark.parametrize(("confidence", "is_guess"), [(0.59, True), (0.6, False), (None, True)])
def test_an_uncertain_answer_is_shown_as_a_guess(alice, done_job, confidence, is_guess):
    """Page, list, start page, export and email say “No reliable answer” first, and show what was found as a guess."""
    Job.objects.filter(pk=done_job.pk).update(confidence=confidence, answer="5")
    done_job.refresh_from_db()
    mail = compose(done_job.outbox.get(kind="ended"))
    texts = [
        show(alice, done_job).content.decode(),
        show(alice, done_job, "job-export-md").content.decode(),
        alice.get(reverse("job-list")).content.decode(),
        mail.subject,
        mail.body,
    ]
    assert ["No reliable answer" in text for text in texts] == [is_guess] * len(texts)
    assert ('<p class="answer"' in texts[0]) is not is_guess


def test_the_terminal_says_first_that_an_answer_is_not_reliable(done_job):
    """What was charged comes after it, and nothing of the kind is said of a sure answer."""
    for confidence, begins in ((0.3, "No reliable answer."), (0.99, "")):
        Job.objects.filter(pk=done_job.pk).update(confidence=confidence, answer="5")
        done_job.refresh_from_db()
        said = StringIO()
        solve.Command(stdout=StringIO(), stderr=said).show(done_job, 1.0, as_json=False)
        assert said.getvalue().startswith(begins)
        assert ("No reliable answer" in said.getvalue()) is bool(begins)


def test_a_job_without_an_answer_says_why_everywhere(alice):
    """Page, email, export and JSON name what the replies were instead; the page advises nothing else."""
    said = "All 8 replies are refusals. Put the problem another way."
    job = people.make_job(alice.user, "exhausted", error=said)
    texts = [
        show(alice, job).content.decode(),
        compose(job.outbox.get(kind="ended")).body,
        show(alice, job, "job-export-md").content.decode(),
        json.loads(show(alice, job, "job-export-json").getvalue())["error"],
    ]
    assert all(said in text for text in texts)
    assert "A larger budget" not in texts[0]


@pytest.mark.parametrize("answer", ["58", ""])
def test_what_became_of_cut_drafts_is_said_calmly(alice, done_job, answer):
    """A remark beside a result is no alarm; where there is none it is."""
    remark = {"answer": answer, "answer_text": answer, "error": "2 drafts were cut off."}
    Job.objects.filter(pk=done_job.pk).update(**remark)
    page = show(alice, done_job).content.decode()
    assert "2 drafts were cut off." in page
    assert ('alert-bad" dir="auto">2 drafts' in page) == (not answer)


def test_a_reply_without_an_answer_is_shown_while_the_job_runs(alice, running_job):
    """The picture marks where it came from, so the page must hold it."""
    best = {"answer": "", "text": "Paris is a city.", "confidence": None}
    Job.objects.filter(pk=running_job.pk).update(best=best)
    page = show(alice, running_job).content.decode()
    assert "Paris is a city." in page
    assert "No reply has named an answer yet" in page


@pytest.mark.parametrize(("confidence", "is_unsure"), [(0.02, True), (0.62, False)])
def test_an_uncertain_answer_is_not_set_large_while_the_job_runs(alice, running_job, confidence, is_unsure):
    """Nothing is bold that is not reliable, also before the end."""
    Job.objects.filter(pk=running_job.pk).update(best={"answer": "6", "text": "", "confidence": confidence})
    assert ("answer-unsure" in show(alice, running_job).text) is is_unsure


def test_a_reply_that_names_no_answer_is_no_best_answer(alice, done_job):
    """It is shown, below “No reliable answer”, and without a percentage."""
    Job.objects.filter(pk=done_job.pk).update(confidence=0.0, answer="", answer_text="It is Paris.")
    page = show(alice, done_job).text
    assert "No reliable answer</h2>" in page
    assert "It is Paris." in page
    assert "% confident" not in page


def test_a_text_is_no_guess(alice, done_job):
    """What has no short answer has no confidence to be compared."""
    Job.objects.filter(pk=done_job.pk).update(confidence=None, answer="", answer_text="An essay.")
    assert "No reliable answer" not in show(alice, done_job).content.decode()


def test_an_answer_that_the_checker_could_not_judge_says_so(alice, running_job):
    """Beside that answer and in the list of calls; an answer that it judged once says nothing."""
    first, second = StepRecord.objects.filter(job=running_job, kind="sample").order_by("seq")[:2]
    StepRecord.objects.filter(pk__in=[first.pk, second.pk]).update(answer_key="text:odd", verdict=UNREAD)
    assert show(alice, running_job).content.decode().count(WORDS) == 1
    assert "not judged by the checker" in show(alice, running_job, "job-steps").content.decode()
    text = alice.get(reverse("job-step-text", args=[running_job.pk, first.pk])).content.decode()
    assert "Not judged by the checker:" in text
    later = StepRecord.objects.filter(job=running_job).aggregate(last=Max("seq"))["last"] + 1
    StepRecord.objects.filter(pk=second.pk).update(verdict={**UNREAD, "passed": False}, seq=later)
    assert WORDS not in show(alice, running_job).content.decode()


def test_many_answers_that_the_checker_could_not_judge_are_said_once(alice, done_job):
    """One sentence above the list and in the JSON, instead of the same words beside each."""
    StepRecord.objects.filter(job=done_job, kind="sample").exclude(answer_key="").update(verdict=UNREAD)
    found = clusters_of(done_job)
    said = f"could not judge {found.votes} of {found.votes} answers"
    text = show(alice, done_job).content.decode()
    assert text.count(said) == 1
    assert WORDS not in text
    assert said in json.loads(show(alice, done_job, "job-export-json").getvalue())["unread"]


def test_the_list_of_answers_always_holds_the_one_that_is_shown(alice, done_job):
    """Also where eight others have more votes, and where equal answers are put otherwise."""
    steps = list(StepRecord.objects.filter(job=done_job, kind="sample").order_by("seq"))
    for number, step in enumerate(steps):
        step.answer, step.answer_key, step.verdict = f"{number // 2}", f"num:{number // 2}", None
    steps[-1].answer, steps[-1].answer_key = "7.50", "num:15/2"
    StepRecord.objects.bulk_update(steps, ["answer", "answer_key", "verdict"])
    Job.objects.filter(pk=done_job.pk).update(answer="7.50")
    found = clusters_of(Job.objects.get(pk=done_job.pk))
    assert [cluster.answer for cluster in found.shown if cluster.is_best] == ["7.50"]
    assert len(found.shown) == CLUSTERS_SHOWN
    assert sum(cluster.votes for cluster in found.shown) + found.more_votes == found.votes == len(steps)
    StepRecord.objects.filter(pk=steps[-1].pk).update(answer_key="num:0")
    found = clusters_of(Job.objects.get(pk=done_job.pk))
    assert [(cluster.answer, cluster.votes) for cluster in found.shown if cluster.is_best] == [("7.50", 3)]


def test_the_search_is_drawn_and_each_step_leads_to_its_text(alice, done_job):
    """Running or ended: a picture with a caption; its table has the same nodes; a node of several lists its steps."""
    text = show(alice, done_job).content.decode()
    assert "23 attempts; the shown answer came from attempt" in text
    table = show(alice, done_job, "job-search").content.decode()
    assert table.count('id="row-') == text.count('id="node-') == 23
    many_job = people.make_job(alice.user, "running", attempts=90)
    text = show(alice, many_job).content.decode()
    stack = text.split("?node=")[1].split('"')[0]
    count = int(text.split(f"?node={stack}")[1].split('class="count" y="3.5">')[1].split("<")[0])
    listed = alice.get(
        reverse("job-steps", args=[many_job.pk]), {"node": stack}, headers={"hx-request": "true"}
    )
    assert listed.content.decode().count("Independent attempt") == count
    assert alice.get(reverse("job-steps", args=[many_job.pk]), {"node": "no such"}).status_code == 404
