"""The new-job form: what is typed is never lost, and each refusal says what to do."""

import re
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.books.wallet import balances
from jobs.models import Job
from solver.core.money import NANO_PER_USD
from tests.support.people import make_job, workspace_of

GOOD = {"problem": "Use 3, 7, 12, 25 to make 58.", "budget": "0.05", "checker": "arithmetic"}
IN_TWO_DAYS = f"{timezone.now() + timedelta(days=2):%Y-%m-%dT%H:%M}"


def submit(person, **changes):
    return person.post(reverse("job-new"), GOOD | changes)


def test_a_job_is_made_and_its_budget_reserved(alice):
    """Start leads to the job's page; the whole budget is out of the wallet's reach."""
    before = balances(workspace_of(alice.user)).available_nano
    reply = submit(alice)
    job = Job.objects.get()
    assert reply.url == job.get_absolute_url()
    assert job.checker == {"kind": "arithmetic", "numbers": [3, 7, 12, 25], "target": 58}
    assert job.budget_nano == NANO_PER_USD // 20
    assert balances(workspace_of(alice.user)).available_nano == before - job.budget_nano


def test_the_wallet_names_jobs_by_their_titles(alice):
    """A movement says what happened to which job; the welcome credit is called so."""
    submit(alice)
    job = Job.objects.get()
    page = alice.get(reverse("wallet")).content.decode()
    link = f'<a href="{job.get_absolute_url()}">“<bdi>Use 3, 7, 12, 25 to make 58.</bdi>”</a>'
    assert f"Reserved for {link}" in page
    assert "Welcome credit" in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"problem": ""}, "Enter the problem"),
        ({"problem": " \n "}, "Enter the problem"),
        ({"problem": "x" * 1_000_000}, "1,000,000 characters; the limit is 100,000"),
        ({"problem": "a\x00b"}, "NUL"),
        ({"budget": "0"}, "out of range"),
        ({"budget": "-1"}, "is not an amount"),
        ({"budget": "NaN"}, "is not an amount"),
        ({"budget": "1e400"}, "is not an amount"),
        ({"budget": "0.051"}, "fractions of a cent"),
        ({"budget": ""}, "Budget is empty"),
        ({"budget": "999"}, "wallet"),
        ({"budget": "99999999"}, "out of range"),
        ({"budget": "custom", "budget_custom": "lots"}, "is not an amount"),
        ({"checker": "oracle"}, "is not a way to check"),
        ({"checker": "number", "expected": "many"}, "number"),
        ({"checker": "choice", "options": "only one"}, "choice"),
        ({"problem": "Hello", "checker": "arithmetic"}, "number"),
        ({"strategy": "guess"}, "is not a strategy"),
        ({"models": "no/such-model"}, "no/such-model"),
    ],
)
def test_bad_input_is_refused_in_words_and_nothing_is_lost(alice, changes, words):
    """No job, no charge; the text is still in the form and the reason beside the field."""
    before = balances(workspace_of(alice.user)).available_nano
    reply = submit(alice, **changes)
    text = reply.content.decode()
    assert reply.status_code == 422
    assert words.lower() in text.lower()
    assert "error-summary" in text
    assert (GOOD | changes)["problem"].replace("\x00", "")[:1000].strip() in text.replace("\x00", "")
    assert not Job.objects.exists()
    assert balances(workspace_of(alice.user)).available_nano == before


def test_unpaired_surrogates_become_harmless(alice):
    """Bytes that are no text (CESU surrogates) arrive as replacement characters and break nothing."""
    body = b"problem=a%ED%A0%80b&budget=0.05&checker="
    reply = alice.post(reverse("job-new"), body, content_type="application/x-www-form-urlencoded")
    assert reply.status_code == 302
    assert "\ufffd" in Job.objects.get().problem


def test_a_request_beyond_four_megabytes_is_refused(alice):
    """Django never reads it into memory."""
    assert submit(alice, problem="x" * 5_000_000).status_code in {400, 413}
    assert not Job.objects.exists()


def test_a_custom_budget_is_taken(alice):
    """The field beside the chips counts where Other is chosen."""
    submit(alice, budget="custom", budget_custom="$1.23")
    assert Job.objects.get().budget_nano == 1_230_000_000


def test_the_draft_survives_signing_in(client, alice):
    """Signed out, Start leads to the sign-in page; after it everything typed is still there."""
    reply = client.post(reverse("job-new"), GOOD | {"budget": "5"})
    assert reply.url.startswith(reverse("account_login"))
    client.force_login(alice.user, backend="django.contrib.auth.backends.ModelBackend")
    text = client.get(reverse("job-new")).content.decode()
    assert GOOD["problem"] in text
    assert '<input type="radio" name="budget" value="5" checked>' in text
    assert "Start – up to $5.00" in text
    assert not Job.objects.exists()


def test_an_address_in_the_form_is_all_that_signing_up_takes(client, db, outbox):
    """Start sends the code; with it the account is there, and the draft. A wrong address loses nothing."""
    ask = GOOD | {"budget": "5", "next": reverse("job-new")}
    wrong = client.post(reverse("job-new"), ask | {"email": "ada@"}).content.decode()
    assert "error-summary" in wrong
    assert "Your draft is saved." in wrong
    reply = client.post(reverse("job-new"), ask | {"email": "ada@example.org"})
    code = re.search(r"^[A-Z0-9-]{6,12}(?=\s*$)", outbox[0].body, re.MULTILINE)
    found = re.search(r'name="next" value="([^"]*)"', client.get(reply.url).content.decode())
    after = client.post(
        reverse("account_confirm_login_code"), {"code": code[0], "next": found[1]}, follow=True
    )
    assert after.redirect_chain[-1][0] == reverse("job-new")
    assert "Start – up to $5.00" in after.content.decode()
    assert GOOD["problem"] in after.content.decode()
    assert not Job.objects.exists()


@pytest.mark.parametrize("name", ["job-new", "job-compare"])
def test_a_stranger_fills_no_sessions(client, db, name):
    """Signed out, a long text is not kept on the server: it stays in the form, which says where it is kept."""
    long = GOOD | {"problem": "x" * 10_001, "checker": ""}
    reply = client.post(reverse(name), long)
    assert reply.status_code == 422
    text = reply.content.decode()
    assert "at most 10,000 characters are kept" in text
    assert long["problem"] in text
    assert not client.session.keys()


def test_only_so_many_jobs_await_payment(alice):
    """The next one is refused in words; one that is cancelled makes room."""
    poor = {"budget": "20", "when_paid": "1"}
    for number in range(20):
        assert submit(alice, problem=f"Problem {number}", checker="", **poor).status_code == 302
    reply = submit(alice, problem="One more", checker="", **poor)
    assert reply.status_code == 422
    assert "20 of your jobs await payment" in reply.content.decode()
    assert Job.objects.count() == 20
    alice.post(reverse("job-cancel", args=[Job.objects.first().pk]))
    assert submit(alice, problem="One more", checker="", **poor).status_code == 302


def test_run_again_fills_the_form(alice, done_job):
    """`?from=` copies problem, budget and checker."""
    text = alice.get(reverse("job-new"), {"from": str(done_job.pk)}).content.decode()
    assert done_job.problem in text
    assert 'value="3, 7, 12, 25"' in text
    assert 'value="0.05" checked' in text


@pytest.mark.parametrize("value", ["x", "1' OR 1=1", "\x00"])
def test_run_again_of_nonsense_is_404(alice, value):
    """No job, no page."""
    assert alice.get(reverse("job-new"), {"from": value}).status_code == 404


def test_the_quote_follows_the_budget(client, db):
    """It names the cap, and says what is wrong with a budget that is none; it needs no account."""
    assert "$5.00" in client.post(reverse("job-quote"), GOOD | {"budget": "5"}).content.decode()
    assert "is not an amount" in client.post(reverse("job-quote"), GOOD | {"budget": "x"}).content.decode()
    assert client.post(reverse("job-quote"), {}).status_code == 200


def test_the_quote_tells_cost_time_and_chance(client, db):
    """The box says what is usual, what nine of ten cost, how long it takes and how likely a right answer is."""
    text = client.post(reverse("job-quote"), GOOD).content.decode()
    for words in (
        "attempts with",
        "Chance of a right answer",
        "Typical cost",
        "nine in ten",
        "Usually takes",
        "$0.05",
    ):
        assert words in text


def test_what_the_bundled_models_cannot_do_is_said_before_the_start(client, db):
    """The form says what they can do; the quote warns where they are all but never right, and not of a puzzle."""
    assert "whose English is fluent and often wrong" in client.get(reverse("job-new")).content.decode()
    quotes = [
        client.post(reverse("job-quote"), GOOD | {"problem": problem, "checker": ""}).content.decode()
        for problem in ("What is the capital of France?", "Compute (3 + 7 * 12) mod 17.")
    ]
    assert ["These models can hardly answer this." in text for text in quotes] == [True, False]
    assert all("Chance of a right answer:" in text for text in quotes)


def test_a_puzzle_is_checked_without_being_asked(alice):
    """Automatic is the default; the quote says what is checked, and whoever wants no check says so."""
    puzzle = GOOD | {"problem": "Use 3, 7, 12, 25 to make 58.", "checker": ""}
    text = alice.post(reverse("job-quote"), puzzle).content.decode()
    assert "An answer is right if it uses each of 3, 7, 12 and 25 exactly once and makes 58" in text
    submit(alice, **puzzle)
    submit(alice, **puzzle | {"checker": "none"})
    submit(alice, **puzzle | {"problem": "Why is the sky blue?"})
    assert [job.checker.get("kind") for job in Job.objects.order_by("created_at")] == [
        "arithmetic",
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("problem", "chosen", "words"),
    [
        ("Prove that 2 + 2 = 4.", "", "text"),
        ("Prove that 2 + 2 = 4.", "answer", "short answer"),
        ("Use 3, 7, 12, 25 to make 58.", "text", "text"),
        ("Is 221 prime? (a) yes (b) no", "", "choice"),
        ("Is 221 prime? (a) yes (b) no", "answer", "short answer"),
    ],
)
def test_the_quote_says_what_comes_back_and_a_choice_of_kind_wins(alice, problem, chosen, words):
    """What was recognised is said with a link to where another kind is chosen; what was chosen is said as it is."""
    typed = GOOD | {"problem": problem, "checker": "", "result": chosen}
    text = alice.post(reverse("job-quote"), typed).content.decode()
    assert f"What comes back: <strong>{words}</strong>" in text
    assert ('href="#id_result"' in text) is (chosen == "")
    submit(alice, **typed)
    job = Job.objects.get()
    assert job.result_kind.label.lower() == words


def test_the_quote_says_that_a_check_is_not_complete(alice):
    """It is reckoned without the check, and says so with what is wrong; nothing starts like that."""
    typed = GOOD | {"problem": "What is x?", "checker": "number", "expected": "about five"}
    text = alice.post(reverse("job-quote"), typed).content.decode()
    assert "The check is not complete" in text
    assert "“about five” is not a number" in text
    assert "as your words say" not in text
    submit(alice, **typed)
    assert not Job.objects.exists()


def test_the_options_of_a_problem_are_those_of_its_job(alice):
    """They are said before the start; which one is right is not known by that."""
    typed = GOOD | {"problem": "Is 221 prime? (a) yes (b) no", "checker": ""}
    text = alice.post(reverse("job-quote"), typed).content.decode()
    assert "An answer is one of a) yes and b) no: all others are refused." in text
    submit(alice, **typed)
    assert Job.objects.get().checker == {"kind": "choice", "options": ["a) yes", "b) no"]}


def test_the_quote_says_where_no_answer_can_be_right(alice):
    """A number mistyped is seen before money is spent on it; no chance is promised, and who insists may start."""
    puzzle = GOOD | {"problem": "Use 3, 5, 7, 25 to make 58.", "checker": ""}
    text = alice.post(reverse("job-quote"), puzzle).content.decode()
    assert "No answer can be right" in text
    assert "exactly once makes 58: all were tried" in text
    assert "chance of a right answer" not in text.lower()
    submit(alice, **puzzle)
    assert Job.objects.get().checker["kind"] == "arithmetic"


def test_the_quote_suggests_a_budget_where_none_is_typed(client, db):
    """An empty amount is no error in the box; a button takes what is suggested."""
    empty = GOOD | {"budget": "custom", "budget_custom": ""}
    text = client.post(reverse("job-quote"), empty).content.decode()
    assert "We suggest" in text
    assert 'data-budget="0.' in text
    assert "error-text" not in text


def test_what_a_right_answer_is_worth_is_kept(alice):
    """It stands in the job's options and in the form of the next run; nonsense is refused beside its field."""
    assert submit(alice, value="lots").status_code == 422
    submit(alice, value="2.50")
    job = Job.objects.get()
    assert job.options["value_nano"] == 5 * NANO_PER_USD // 2
    assert 'value="2.50"' in alice.get(reverse("job-new"), {"from": str(job.pk)}).content.decode()


def test_running_again_keeps_a_confidence_that_the_form_does_not_offer(alice):
    """A target from the terminal stands in the form of the next run, and is submitted as it is."""
    submit(alice, confidence_target="0.85")
    job = Job.objects.get()
    assert job.options["confidence_target"] == 0.85
    text = alice.get(reverse("job-new"), {"from": str(job.pk)}).content.decode()
    assert '<option value="0.85" selected>85 %</option>' in text


@pytest.mark.parametrize(
    ("change", "jobs"),
    [
        ({}, 1),
        ({"strategy": "refine"}, 2),
        ({"confidence_target": "0.8"}, 2),
        ({"value": "2.50"}, 2),
        ({"not_before": IN_TWO_DAYS}, 2),
        ({"deadline": IN_TWO_DAYS}, 2),
    ],
)
def test_a_form_that_is_sent_again_is_one_job_only_where_nothing_was_changed(alice, change, jobs):
    """A double click is one job; who goes back and chooses something else wants another."""
    form_id = str(uuid.uuid4())
    submit(alice, draft=form_id)
    submit(alice, draft=form_id, **change)
    submit(alice, draft=form_id)
    assert Job.objects.count() == jobs


@pytest.mark.parametrize("typed", ["lots", "2", "nan"])
def test_a_confidence_that_is_none_is_refused_beside_its_field(alice, typed):
    """It says what to enter; nothing is started."""
    reply = submit(alice, confidence_target=typed)
    assert reply.status_code == 422
    assert "enter a probability from 0.5 to 0.999" in reply.content.decode()
    assert not Job.objects.exists()


def preview(person, problem):
    return person.post(reverse("job-preview"), {"problem": problem}).content.decode()


def test_the_preview_is_safe(alice):
    """What strangers type is shown, never run."""
    text = preview(alice, "<script>alert(1)</script> **b** $x^2$")
    assert "<script" not in text
    assert "<strong>b</strong>" in text
    assert '<span class="math inline">x^2</span>' in text


def test_the_preview_is_for_the_signed_in(client, db):
    """Nobody spends the site's time without an account; the page says how to have a preview."""
    assert preview(client, "**b**").strip() == '<p class="muted">Sign in to see a preview.</p>'
    page = client.get(reverse("job-new")).content.decode()
    assert "Sign in to see a preview." in page
    assert reverse("job-preview") not in page


def test_previews_are_bounded_in_length_and_number(alice, charlie):
    """The beginning of a long text is shown and the rest named; too many in a minute are refused in words."""
    text = preview(alice, "word " * 5_000 + "the end")
    assert "first 20,000 characters" in text
    assert "the end" not in text
    assert all("<b>" not in preview(alice, "") for _ in range(59))
    assert "Wait a minute" in preview(alice, "**b**")
    assert "<strong>b</strong>" in preview(charlie, "**b**")


def ticked(text: str) -> list[str]:
    return re.findall(r'name="models" value="([^"]*)" checked', text)


def test_the_models_of_a_job_can_be_chosen(alice):
    """Boxes with the panel's models; none ticked means all."""
    text = alice.get(reverse("job-new")).content.decode()
    assert 'name="models" value="demo/intern"' in text
    assert ticked(text) == []
    submit(alice, models=["demo/intern", "demo/expert"])
    assert Job.objects.get().options["models"] == ["demo/intern", "demo/expert"]


def test_running_again_keeps_the_chosen_models(alice):
    """The form of an earlier job shows its models, and a job that is started from it has them."""
    submit(alice, models=["demo/intern"])
    job = Job.objects.get()
    text = alice.get(reverse("job-new"), {"from": str(job.pk)}).content.decode()
    assert ticked(text) == ["demo/intern"]


def test_a_model_that_is_gone_can_be_taken_back(alice, settings):
    """It is shown as chosen, and its refusal says which there are."""
    settings.PONDER_MODELS = ["demo/intern", "demo/expert"]
    reply = submit(alice, models=["demo/thinker"])
    assert reply.status_code == 422
    text = reply.content.decode()
    assert ticked(text) == ["demo/thinker"]
    assert "is not available here. Choose from: demo/intern, demo/expert" in text


def test_stray_commas_name_no_model(alice):
    """A list of names that ends with a comma is a list of names."""
    submit(alice, models="demo/intern, ,")
    assert Job.objects.get().options["models"] == ["demo/intern"]


def test_signing_in_keeps_all_chosen_models(client, alice):
    """Also where several were ticked."""
    submit(client, models=["demo/intern", "demo/expert"])
    assert ticked(client.get(reverse("job-new")).content.decode()) == ["demo/intern", "demo/expert"]


def test_checks_that_run_code_are_offered_where_a_worker_can_run_it(alice, settings):
    """Otherwise the form says why they are not, and refuses one that is sent all the same."""
    tests = {"checker": "unit_tests", "tests": "assert add(1, 2) == 3"}
    page = alice.get(reverse("job-new")).content.decode()
    assert 'value="unit_tests"' not in page
    assert page.count("cannot be used: this site cannot run code safely. The reason: ") == 1
    assert "PONDER_RUN_CODE" in submit(alice, **tests).content.decode()
    settings.PONDER_RUN_CODE = True
    assert 'value="unit_tests"' in alice.get(reverse("job-new")).content.decode()
    submit(alice, **tests)
    assert Job.objects.get().checker == {"kind": "unit_tests", "tests": "assert add(1, 2) == 3"}


def test_a_form_whose_token_is_void_keeps_what_was_typed(alice):
    """Signing in again in another tab makes the token of this one void; nothing starts, nothing is lost."""
    alice.handler.enforce_csrf_checks = True
    typed = {"problem": "A long thought", "budget": "1", "csrfmiddlewaretoken": "old"}
    reply = alice.post(reverse("job-new"), typed, headers={"Origin": "http://testserver"})
    assert reply.status_code == 403
    assert "A long thought" in reply.content.decode()
    assert "nothing was started" in reply.content.decode()
    foreign = alice.post(reverse("job-new"), typed, headers={"Origin": "https://evil.example"})
    assert (foreign.status_code, "A long thought" in foreign.content.decode()) == (403, False)
    assert not Job.objects.exists()


def test_an_hour_that_the_clocks_skip_is_refused(alice):
    """02:30 does not exist on the night in which summer time begins."""
    times = {"deadline": "2031-03-30T02:30", "time_zone": "Europe/Berlin"}
    reply = alice.post(reverse("job-new"), {"problem": "x", "budget": "1", **times})
    assert "02:30 does not exist on 2031-03-30 in Europe/Berlin" in reply.content.decode()
    assert not Job.objects.exists()


def test_a_follow_up_carries_the_earlier_job_and_links_both(alice, bob, charlie, done_job):
    """The form says so in a line that can be unticked; colleagues may follow up, strangers may not."""
    page = alice.get(done_job.get_absolute_url()).content.decode()
    form_address = f"{reverse('job-new')}?follow={done_job.pk}"
    assert form_address in page
    form = bob.get(form_address).content.decode()
    assert f'name="follows" id="id_follows" value="{done_job.pk}" checked' in form
    assert charlie.get(form_address).status_code == 404
    refused = submit(charlie, follows=str(done_job.pk))
    assert "is not there any more" in refused.content.decode()
    assert not Job.objects.filter(created_by=charlie.user).exists()
    quoted = alice.post(reverse("job-quote"), GOOD | {"follows": str(done_job.pk)})
    assert quoted.status_code == 200
    submit(alice, problem="Use 1, 2 to make 3.", follows=str(done_job.pk))
    made = Job.objects.exclude(pk=done_job.pk).get()
    assert made.follows == done_job
    assert done_job.problem in made.context["problem"]
    later, earlier = (alice.get(job.get_absolute_url()).content.decode() for job in (made, done_job))
    assert f'Follows up on <a href="{done_job.get_absolute_url()}"' in later
    assert "Context from the earlier job" in later
    assert f'Followed up by <a href="{made.get_absolute_url()}"' in earlier
    again = alice.get(f"{reverse('job-new')}?from={made.pk}").content.decode()
    assert f'value="{done_job.pk}" checked' in again
    assert (
        "what follow-ups were told"
        in alice.get(reverse("job-delete-texts", args=[done_job.pk])).content.decode()
    )
    Job.objects.filter(pk=made.pk).update(follows=make_job(charlie.user, title="Of quokkas"))
    assert "quokkas" not in alice.get(made.get_absolute_url()).content.decode()  # another workspace's
