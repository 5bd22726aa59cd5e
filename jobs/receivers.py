"""What the jobs room does when others tell something."""

from typing import Any

from django.dispatch import receiver

from billing.signals import money_arrived
from jobs.services.payment import start_paid_jobs


@receiver(money_arrived, dispatch_uid="jobs.start_paid_jobs")
def start_what_was_waiting(*, workspace_id: int, **_: Any) -> None:
    """Start the jobs for which the money has arrived. Should this be lost, the sweep does it."""
    start_paid_jobs(workspace_id=workspace_id)
