"""What the cost review may know of jobs: who began them, and their tags. Billing itself knows none of it."""

from collections.abc import Collection, Mapping
from uuid import UUID

from billing.books.statement import register_titles
from billing.cost_review.changes import register_changes
from billing.cost_review.sums import By, register_join
from jobs.models import Job

_MEMBER = """
LEFT JOIN jobs_job ON jobs_job.id = part.job_id
LEFT JOIN (SELECT id AS member_id, email AS member FROM accounts_user) AS member ON member_id = jobs_job.created_by_id
"""
_TAG = """
LEFT JOIN jobs_job ON jobs_job.id = part.job_id
LEFT JOIN LATERAL unnest(jobs_job.tags) AS tagged (tag) ON true
"""
_OF_MEMBER = """
job_id IN (SELECT id FROM jobs_job WHERE created_by_id = (SELECT id FROM accounts_user WHERE email = %(wanted_member)s))
"""
_OF_TAG = "job_id IN (SELECT id FROM jobs_job WHERE %(wanted_tag)s = ANY(tags))"
_LIMITS = r"""
SELECT l.action_time, u.email, 'spending limit set', regexp_replace(l.object_repr, ': \S+ nano-USD (a|per) \S+$', ''),
    l.change_message
FROM django_admin_log l
JOIN django_content_type t ON t.id = l.content_type_id AND t.app_label = 'jobs' AND t.model = 'spendinglimit'
JOIN jobs_spendinglimit s ON s.id::text = l.object_id AND s.by_staff
JOIN accounts_user u ON u.id = l.user_id
"""


def _titles(jobs: Collection[UUID]) -> Mapping[UUID, str]:
    return dict(Job.objects.filter(pk__in=jobs).values_list("pk", "title"))


def tell_of_jobs() -> None:
    """Let costs be grouped by member and tag, the operator's limits stand among changes, and ledgers name jobs."""
    register_titles(_titles)
    register_changes(_LIMITS)
    register_join(By.MEMBER, _MEMBER, condition=_OF_MEMBER)
    register_join(By.TAG, _TAG, condition=_OF_TAG)
