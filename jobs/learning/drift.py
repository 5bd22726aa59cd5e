"""The drift watch: compares the last week with the time before, and emails staff once about what changed.

An alarm stays open while the share differs, and is closed when it is back. Only new alarms are emailed.
"""

from collections import defaultdict
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.rights import Right
from jobs.mail.enqueue import mail_staff
from jobs.models import DriftAlarm, Learned, Lesson, OutboxKind
from solver.learning.censored_histogram import bin_of, quantiles
from solver.learning.drift_test import Drift, Watched, drifts, yes_of
from solver.learning.observations import Aspect, added

RECENT = timedelta(days=7)
BEFORE = timedelta(days=90)
type Key = tuple[str, str, str]
"""Aspect, subject, kind."""
_SHARE_TEXT = {
    "right": "first attempts that are right",
    "long": "replies longer than the usual median",
    "checked": "jobs with a checker that end solved",
    "open": "jobs without a checker that end confident",
    "exceeded": "jobs that cost more than the quoted p90",
}


def watch(now: datetime | None = None) -> list[DriftAlarm]:
    """Look for drift; return the alarms that are new. Staff get one email about them."""
    moved = {drift.name: drift for drift in drifts(_watched(now or timezone.now()))}
    with transaction.atomic():
        known = {alarm.name: alarm for alarm in DriftAlarm.objects.select_for_update().filter(closed_at=None)}
        for name, alarm in known.items():
            if name not in moved:
                alarm.closed_at = timezone.now()
                alarm.save(update_fields=["closed_at"])
        new = [_alarm(drift) for name, drift in moved.items() if name not in known]
        DriftAlarm.objects.bulk_create(new)
        untold = [*DriftAlarm.objects.filter(closed_at=None, staff_notified_at=None).order_by("pk")]
        if untold and _mail_staff(untold):
            DriftAlarm.objects.filter(pk__in=[alarm.pk for alarm in untold]).update(
                staff_notified_at=timezone.now()
            )
    return new


def _watched(now: datetime) -> list[Watched]:
    """Return every share that is watched, from the lessons since its posterior was last reset."""
    reset_at, medians = _resets_and_median_bins()
    sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0, 0.0])
    lessons = Lesson.objects.filter(taught_at__gt=now - BEFORE, taught_at__lte=now, error="")
    for taught_at, taught in lessons.values_list("taught_at", "taught").iterator(chunk_size=1_000):
        for aspect, subject, kind, counts in taught:
            since = reset_at.get((aspect, subject, kind))
            if since is None or taught_at is None or taught_at < since:
                continue
            at = 0 if taught_at > now - RECENT else 2
            shares = yes_of(aspect, counts, longer_than=medians.get((aspect, subject, kind), 0))
            for share, (yes, jobs) in shares.items():
                total = sums[f"{share}|{subject}|{kind}"]
                total[at] += yes
                total[at + 1] += jobs
    return [Watched(name, *total) for name, total in sums.items()]


def _resets_and_median_bins() -> tuple[dict[Key, datetime], dict[Key, int]]:
    """Return since when each posterior counts, and the bin of the usual median of lengths, of all workspaces together."""
    reset_at: dict[Key, datetime] = {}
    lengths: dict[Key, dict[str, float]] = {}
    for row in Learned.objects.exclude(workspace=None).order_by("since").iterator(1_000):
        key = (row.aspect, row.subject, row.kind)
        reset_at.setdefault(key, row.since)
        if row.aspect == Aspect.OUTPUT:
            lengths[key] = added(lengths.get(key, {}), row.stats)
    return reset_at, {key: bin_of(quantiles(counts, (0.5,))[0]) for key, counts in lengths.items()}


def _alarm(drift: Drift) -> DriftAlarm:
    share, subject, kind = drift.name.split("|")
    words = (
        f"{subject} on {kind} problems: {_SHARE_TEXT[share]} are {drift.recent_share:.0%} of {drift.recent} in the last "
        f"{RECENT.days} days, {drift.before_share:.0%} before (p = {drift.probability:.1g})."
    )
    return DriftAlarm(name=drift.name, words=words[:400])


def _mail_staff(alarms: list[DriftAlarm]) -> int:
    link = settings.PONDER_BASE_URL + reverse("staff-learned")
    text = "Recent jobs differ from what was learned before:\n\n"
    text += "".join(f"- {alarm.words}\n" for alarm in alarms)
    text += f"\nIf a model was changed, reset what was learned about it: manage.py learned --reset MODEL\n\n{link}\n"
    return mail_staff(
        OutboxKind.STAFF,
        right=Right.SEE_LEARNED,
        subject="Drift: models or quotes have changed",
        text=text,
        key=f"drift.{alarms[-1].pk}",
    )
