"""How long a quote says that a job takes, on a machine that is slower than it was."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.lifecycle.quotes.offer import quote_job
from jobs.lifecycle.quotes.times import stretch_of
from jobs.models import Job, JobQuote
from tests.support import people

PROBLEM = "Use 3, 7, 12, 25 to make 58."


@pytest.mark.parametrize(
    ("times", "stretch"),
    [
        ((), 1.0),
        ((9.0, 9.0), 1.0),
        ((0.1,) * 20, 1.0),
        ((0.5,) * 17 + (8.0,) * 3, 8.0),
        ((0.5,) * 18 + (8.0,) * 2, 1.0),
        ((1e9,) * 3, 100.0),
    ],
)
def test_times_are_stretched_as_far_as_nine_in_ten_jobs_overran(times, stretch):
    """Never shortened, and not by a few."""
    assert stretch_of(times) == stretch


def _quoted(user, state: str, **outcome) -> None:
    job = people.make_job(user, state)
    began = timezone.now() - timedelta(minutes=10)
    Job.objects.filter(pk=job.pk).update(started_at=began)
    amounts = {f"cost_{level}_nano": 1 for level in ("p10", "p50", "p90")} | {"budget_nano": job.budget_nano}
    JobQuote.objects.create(
        job=job, strategy="auto", kind="open", checked=False, time_low_s=10, time_high_s=60,
        win_probability=0.5, **amounts, **outcome,
    )  # fmt: skip


def test_a_quote_counts_the_jobs_that_took_longer_and_those_that_still_run(workspace, alice):
    """Two that took ten times what was said, and one that has run for as long, say the same of the next."""
    user = getattr(alice, "user", alice)
    before = quote_job(problem=PROBLEM, budget_nano=250_000_000).quote
    for _ in range(2):
        _quoted(user, "done", charged_nano=1, took_s=600.0, won=True, ended_at=timezone.now())
    assert quote_job(problem=PROBLEM, budget_nano=250_000_000).quote.time_high_s == before.time_high_s
    _quoted(user, "running")
    after = quote_job(problem=PROBLEM, budget_nano=250_000_000).quote
    assert after.time_low_s == before.time_low_s
    assert after.time_high_s == pytest.approx(10 * before.time_high_s, rel=0.02)
