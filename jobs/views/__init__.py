"""The pages of the jobs room, one module a page."""

from jobs.views.actions import cancel, finish, pause, raise_job_budget, resume
from jobs.views.compare import compare, compare_detail, compare_live
from jobs.views.detail import detail, live
from jobs.views.drafts import drop_draft, keep_draft
from jobs.views.export import export_json, export_markdown
from jobs.views.landing import landing
from jobs.views.listing import job_list
from jobs.views.mail import mail_detail, mail_list
from jobs.views.new import new_job, preview, quote
from jobs.views.outbox import outbox_list, outbox_retry
from jobs.views.steps import step_text, steps

__all__ = [
    "cancel",
    "compare",
    "compare_detail",
    "compare_live",
    "detail",
    "drop_draft",
    "export_json",
    "export_markdown",
    "finish",
    "job_list",
    "keep_draft",
    "landing",
    "live",
    "mail_detail",
    "mail_list",
    "new_job",
    "outbox_list",
    "outbox_retry",
    "pause",
    "preview",
    "quote",
    "raise_job_budget",
    "resume",
    "step_text",
    "steps",
]
