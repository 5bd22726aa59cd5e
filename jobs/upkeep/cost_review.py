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


def tell_of_jobs() -> None:
    """Let costs be grouped by member and by tag."""
    register_join(By.MEMBER, _MEMBER)
    register_join(By.TAG, _TAG)
