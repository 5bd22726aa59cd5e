"""Audits that are kept: each is a row, and staff get one email about an audit that found something."""

import time

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.rights import Right
from billing.books.audit import Report
from billing.models import AuditRun
from jobs.mail.enqueue import mail_staff
from jobs.models import OutboxKind
from jobs.upkeep.audit import audit

# Of any number of Beats one audit at a time is enough; the number is ours alone in this database.
LOCK = 0x61756469
_DETAILS_IN_MAIL = 20


def run_audit() -> AuditRun | None:
    """Audit everything, keep what was found, and tell staff of violations. None: another audit is under way."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return None
        try:
            started_at, began_s = timezone.now(), time.monotonic()
            report = audit()
            run = AuditRun(
                started_at=started_at,
                took_ms=round(1000 * (time.monotonic() - began_s)),
                checked=len(report.took_ms),
                violations=[{"invariant": v.invariant, "detail": v.detail} for v in report.violations],
            )
            with transaction.atomic():
                run.save()
                if report.violations:
                    subject, text = _words(report)
                    mail_staff(
                        OutboxKind.AUDIT,
                        right=Right.RUN_AUDITS,
                        subject=subject,
                        text=text,
                        key=f"audit.{run.pk}",
                    )
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    return run


def _words(report: Report) -> tuple[str, str]:
    """Return subject and text of the email; a violation could name thousands of rows."""
    count = len(report.violations)
    shown = [f"- {each.invariant}: {each.detail}" for each in report.violations[:_DETAILS_IN_MAIL]]
    if count > len(shown):
        shown.append(f"- and {count - len(shown)} more")
    lines = [
        f"The audit checked {len(report.took_ms)} invariants of money and jobs. These do not hold:",
        "",
        *shown,
        "",
        f"All of them: {settings.PONDER_BASE_URL}{reverse('staff-audit')}",
        "Nothing was changed. Look at the rows named above before you correct anything; a correction is a new row.",
        "",
    ]
    return f"Audit: {count} violation{'s' if count != 1 else ''}", "\n".join(lines)
