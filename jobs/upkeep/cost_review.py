"""What the cost review may know of jobs: who began them, and their tags. Billing itself knows none of it."""

from billing.cost_review.sums import By, register_join

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


def tell_of_jobs() -> None:
    """Let costs be grouped and chosen by member and by tag."""
    register_join(By.MEMBER, _MEMBER, condition=_OF_MEMBER)
    register_join(By.TAG, _TAG, condition=_OF_TAG)
