"""Submitting: bad input is refused with words that help, and nothing is half-made or charged."""

import uuid
from dataclasses import replace

import pytest
from django.db import transaction

from billing.books.escrow import open_escrow
from billing.books.wallet import balances
from billing.models import Account, AccountKind
from billing.prices.book import load_prices
from jobs.core.options import JobOptions
from jobs.lifecycle import SubmitError, cancel_job, quote_job, submit_comparison
from jobs.lifecycle.quotes.suggestion import why_suggested
from jobs.models import Job, JobQuote
from jobs.models.pinned import Pinned
from jobs.views.staff.samples import offer
from solver.core.money import NANO_PER_CENT, NANO_PER_USD, format_usd
from solver.core.problem.result_kind import ResultKind
from solver.quotes.quote import chance_in_words
from tests.billing.ledger.test_races import together
from tests.support.endpoint import Answer
from tests.support.people import request_for, submit_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        ("", "empty"),
        ("  \n\t ", "empty"),
        ("x" * 1_000_000, "too_long"),
        ("a\x00b", "nul"),
        ("a\ud800b", "surrogate"),
    ],
)
def test_a_bad_problem_is_refused(alice, workspace, problem, code):
    """Each refusal names the field, and leaves no job and no money behind."""
    before = balances(workspace)
    with pytest.raises(SubmitError) as refusal:
        submit_for(alice, problem, budget_nano=NANO_PER_CENT)
    assert (refusal.value.field, refusal.value.code) == ("problem", code)
    assert not Job.objects.exists()
    assert balances(workspace) == before


@pytest.mark.parametrize("budget_nano", [0, -1, 1, NANO_PER_CENT + 1, 10**15, 2**63])
def test_a_bad_budget_is_refused(alice, workspace, budget_nano):
    """Budgets are whole cents between the smallest and the operator's largest."""
    with pytest.raises(SubmitError) as refusal:
        submit_for(alice, "?", budget_nano=budget_nano)
    assert refusal.value.field == "budget"
    assert not Job.objects.exists()


def test_more_than_the_wallet_is_refused_with_what_is_there(alice, workspace):
    """The message says how much is available."""
    with pytest.raises(SubmitError) as refusal:
        submit_for(alice, "?", budget_nano=200 * NANO_PER_USD)
    assert refusal.value.field == "budget"
    assert "$100.00" in refusal.value.message
    assert not Account.objects.filter(kind=AccountKind.ESCROW).exists()


def test_a_problem_that_no_model_can_take_is_refused(alice, workspace):
    """The quote and the submission say so before any money moves, with the numbers."""
    before, long = balances(workspace), "word " * 12_000
    for ask in (
        lambda: submit_for(alice, long, budget_nano=NANO_PER_USD),
        lambda: quote_job(problem=long, budget_nano=NANO_PER_USD),
    ):
        with pytest.raises(SubmitError, match=r"at least 12,\d{3} tokens, and openai/test.*8,000") as refusal:
            ask()
        assert (refusal.value.field, refusal.value.code) == ("problem", "too_long_for_models")
    assert not Job.objects.exists()
    assert balances(workspace) == before


def test_models_that_cannot_take_the_problem_are_left_out(alice, settings):
    """A long problem goes to the models with room for it alone."""
    settings.PONDER_MODELS = ["openai/test", "openai/wide"]
    settings.PONDER_PRICES = "openai/test=1/2/8000/400,openai/wide=1/2/128000/400"
    load_prices()
    job = submit_for(alice, "word " * 12_000, budget_nano=NANO_PER_USD, wake=False)
    assert [card.name for card in Pinned.of(job).panel] == ["openai/wide"]


def test_a_model_without_a_price_cannot_run(alice, workspace, settings):
    """Unknown is not zero: the refusal says how to set a price."""
    settings.PONDER_MODELS = ["openai/unpriced"]
    with pytest.raises(SubmitError, match="PONDER_PRICES"):
        submit_for(alice, "?", budget_nano=NANO_PER_CENT)
    with pytest.raises(SubmitError, match="not available here"):
        submit_for(alice, "?", budget_nano=NANO_PER_CENT, options=JobOptions(models=("openai/other",)))


def test_a_monstrous_power_is_a_problem_like_any_other(alice, workspace, endpoint, run_all):
    """A problem and answers that no machine could evaluate are carried through without harm."""
    endpoint.behaviour = lambda _: Answer("So it is.\nAnswer: $9^{9^{9^{9}}}$ \x00")
    job = submit_for(alice, "9^{9^{9^{9}}}", budget_nano=NANO_PER_CENT)
    run_all()
    job.refresh_from_db()
    assert job.has_ended
    assert "9^" in job.answer


def test_a_quote_needs_no_call(alice, workspace, endpoint):
    """The run contract says what a budget buys, before anything is charged."""
    quote = quote_job(problem="?", budget_nano=5 * NANO_PER_CENT).quote
    assert list(quote.models) == ["openai/test"]
    assert 1 <= quote.tries_low <= quote.tries_high
    assert 0 < quote.cost_p10_nano <= quote.cost_p50_nano <= quote.cost_p90_nano <= 5 * NANO_PER_CENT
    assert 0 < quote.win_probability < 1
    assert endpoint.calls == []


def test_without_a_budget_one_is_suggested(alice, workspace, endpoint):
    """The suggestion is affordable, in whole cents, never more than a right answer is worth, and gives its reason."""
    suggested = quote_job(problem="?", budget_nano=None)
    said, larger = suggested.quote, quote_job(problem="?", budget_nano=10 * suggested.quote.budget_nano).quote
    assert said.budget_nano % NANO_PER_CENT == 0
    assert f"{format_usd(said.budget_nano)} pays for up to {said.tries_high} attempts; " in suggested.reason
    chance = chance_in_words(larger.win_probability)
    hardly = chance == chance_in_words(said.win_probability) or larger.win_probability <= said.win_probability
    assert (
        f"{format_usd(larger.budget_nano)} would {'hardly raise' if hardly else 'raise'} the chance"
        in suggested.reason
    )
    assert hardly or f"to {chance}." in suggested.reason
    worth = quote_job(problem="?", budget_nano=None, options=JobOptions(value_nano=2 * NANO_PER_CENT))
    assert worth.quote.budget_nano <= 2 * NANO_PER_CENT
    assert worth.reason.startswith("A right answer is worth $0.02 to you")
    assert quote_job(problem="?", budget_nano=NANO_PER_CENT).reason == ""
    text = quote_job(problem="Write an essay.", budget_nano=None, options=JobOptions(result=ResultKind.TEXT))
    assert f"pays for about {text.quote.tries_low} drafts; " in text.reason


def test_a_suggestion_says_what_more_would_add():
    """A chance that rises is told in figures, one that does not is called so; nothing dearer, nothing to compare with."""
    said = offer().quote
    for chance, told in (
        (0.641, "hardly raise the chance of a right answer, about 64 %."),
        (0.9, "from about 64 % to about 90 %."),
    ):
        larger = replace(said, budget_nano=10 * said.budget_nano, right_probability=chance)
        assert why_suggested(said, larger, value_nano=None).endswith(told)
    unmeasured = replace(said, right_probability=None)
    assert "an answer that the job is sure of" in why_suggested(
        unmeasured, replace(unmeasured, win_probability=0.9), value_nano=None
    )
    assert why_suggested(said, None, value_nano=None) == "$0.25 pays for up to 61 attempts."


def test_a_job_keeps_its_quote_and_what_came_of_it(alice, workspace, endpoint, run_all):
    """The quote is a row from the start; the outcome is written beside it when the job ends by itself."""
    job = submit_for(alice, "What is 6 times 7?", budget_nano=NANO_PER_CENT)
    kept = JobQuote.objects.get(job=job)
    assert (kept.charged_nano, kept.won) == (None, None)
    assert kept.cost_p10_nano <= kept.cost_p50_nano <= kept.cost_p90_nano <= kept.budget_nano
    run_all()
    job.refresh_from_db()
    kept.refresh_from_db()
    assert (kept.charged_nano, kept.won) == (job.charged_nano, True)
    assert kept.took_s >= 0


def test_a_cancelled_job_says_nothing_of_its_quote(alice, workspace, endpoint, run_all):
    """What a user stopped is no measure of what was expected."""
    job = submit_for(alice, "?", budget_nano=NANO_PER_CENT)
    cancel_job(job=job)
    run_all()
    job.refresh_from_db()
    assert job.has_ended
    assert JobQuote.objects.get(job=job).charged_nano is None


@pytest.fixture
def two_models(alice, settings):
    """A cheap and a dear model, and money for two jobs of a dollar each, not for four."""
    settings.PONDER_MODELS = ["openai/test", "openai/strong"]
    settings.PONDER_PRICES = "openai/test=1/2/8000/400,openai/strong=10/20/8000/400"
    load_prices()


def all_but(workspace, left_nano: int) -> None:
    """Leave so much in the purses."""
    spare_nano = balances(workspace).available_nano - left_nano
    with transaction.atomic():
        open_escrow(
            workspace=workspace, job_id=uuid.uuid4(), version=1, amount_nano=spare_nano, trial_allowed=True
        )


@pytest.mark.breaks_the_books  # the money that is out of the way belongs to no job
def test_a_comparison_that_is_sent_many_times_at_once_is_one(alice, workspace, two_models):
    """Every click gets the same comparison, also where the money suffices for one alone."""
    all_but(workspace, 2 * NANO_PER_USD)
    form_id = uuid.uuid4()

    def click():
        return submit_comparison(request_for(alice, "Which?", budget_nano=NANO_PER_USD, request_id=form_id))

    made = together(*[click] * 6)
    assert [each for each in made if isinstance(each, Exception)] == []
    assert {each.pk for each in made} == {form_id}
    assert Job.objects.count() == 2
    assert balances(workspace).available_nano == 0


@pytest.mark.breaks_the_books  # the money that is out of the way belongs to no job
def test_a_job_that_is_sent_many_times_at_once_is_one(alice, workspace):
    """A click that finds the wallet emptied by the one before it is not refused: its job is there."""
    all_but(workspace, NANO_PER_USD)
    form_id = uuid.uuid4()

    def click():
        return submit_for(alice, "Which?", budget_nano=NANO_PER_USD, request_id=form_id)

    made = together(*[click] * 6)
    assert [each for each in made if isinstance(each, Exception)] == []
    assert {each.pk for each in made} == {form_id}
    assert balances(workspace).available_nano == 0
