"""Whether the operator has stopped the spending that a job needs, for its page."""

from datetime import datetime
from typing import NamedTuple

from billing.stops import spending_stops
from jobs.core.states import ACTIVE
from jobs.models import Job


class Stopped(NamedTuple):
    """A stop that concerns a job; `providers` is empty where all spending is stopped."""

    since: datetime
    providers: str
    has_other_models: bool


def stop_of(job: Job) -> Stopped | None:
    """Return what is stopped of that which the job would spend on; None for jobs that spend nothing more."""
    if job.state not in ACTIVE:
        return None
    stops = {stop.subject: stop.created_at for stop in spending_stops()}
    if "" in stops:
        return Stopped(stops[""], "", has_other_models=False)
    needed = {card["name"].partition("/")[0] for card in job.pinned.get("panel", [])}
    stopped = sorted(needed & stops.keys())
    if not stopped:
        return None
    since = max(stops[provider] for provider in stopped)
    return Stopped(since, " and ".join(stopped), has_other_models=bool(needed - stops.keys()))
