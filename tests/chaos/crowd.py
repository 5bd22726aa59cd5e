"""The users of the chaos run: they submit jobs, stop some, and look at nothing."""

import random
import time
from collections.abc import Callable
from typing import Any

from django.db import Error, connection, transaction

from accounts.models import User
from accounts.services import ensure_personal_workspace
from billing.books.wallet import grant
from jobs.core.states import ENDED
from jobs.lifecycle import cancel_job, control, finish_early
from jobs.models import Job
from solver.core.money import NANO_PER_CENT, NANO_PER_USD
from tests.chaos.orders import draw
from tests.support.people import submit_for

_USERS = 20
_VERBS: dict[str, Callable[..., Any]] = {
    "finish": finish_early,
    "cancel": cancel_job,
    "pause": getattr(control, "pause_job", finish_early),
}


def persistently[T](work: Callable[[], T], within_s: float = 120.0) -> T:
    """Repeat `work` while the database restarts; what it does must be harmless to repeat."""
    until_s = time.monotonic() + within_s
    while True:
        try:
            return work()
        except Error:
            connection.close()
            if time.monotonic() > until_s:
                raise
            time.sleep(0.2)


class Crowd:
    """Keeps a number of jobs open. Everything follows from one seed, as far as real processes allow."""

    def __init__(self, seed: int, open_jobs: int) -> None:
        self._rng = random.Random(f"crowd:{seed}")
        self._open_jobs = open_jobs
        self.submitted = 0
        self.verbs = 0
        self._users = [self._make_user(number) for number in range(_USERS)]

    def _make_user(self, number: int) -> User:
        user = User.objects.create_user(f"user-{number}@chaos.example")
        workspace = ensure_personal_workspace(user)
        grant(workspace=workspace, amount_nano=1_000_000 * NANO_PER_USD, by=user, reason="chaos")
        return user

    def top_up(self) -> int:
        """Submit jobs until enough are open; return how many are."""
        open_now = Job.objects.exclude(state__in=ENDED).count()
        for _ in range(self._open_jobs - open_now):
            self._submit()
        return max(open_now, self._open_jobs)

    def _submit(self) -> None:
        # Each attempt has a text of its own: one whose commit was applied but not confirmed is a job all the same.
        self.submitted += 1
        user, order = self._rng.choice(self._users), draw(self._rng)
        with transaction.atomic():
            job = submit_for(
                user,
                f"Chaos problem {self.submitted}. {order.words}",
                budget_nano=self._rng.randint(2, 5) * NANO_PER_CENT,
                strategy=order.strategy,
                checker=order.checker,
                options=order.options,
            )
            if self._rng.random() < 0.5:
                # The scripted model judges and revises; half of the jobs let it, unlike the one in whose place it is.
                panel = [card | {"reads": True, "context_window": 8192} for card in job.pinned["panel"]]
                Job.objects.filter(pk=job.pk).update(pinned=job.pinned | {"panel": panel})

    def meddle(self) -> None:
        """Let one user finish, cancel or pause a job."""
        running = list(Job.objects.filter(state="running").values_list("pk", flat=True)[:20])
        if running:
            verb = self._rng.choice(["finish", "finish", "cancel", "pause"])
            _VERBS[verb](job=Job.objects.get(pk=self._rng.choice(running)))
            self.verbs += 1

    def resume_all(self) -> None:
        """Resume what was paused."""
        resume = getattr(control, "resume_job", None)
        if resume:
            for job in Job.objects.filter(state="paused"):
                resume(job=job)
