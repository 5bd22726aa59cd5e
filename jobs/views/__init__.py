"""The pages of the jobs room, one module a page."""

from jobs.views.beside import beside
from jobs.views.compare import compare, compare_detail, compare_live
from jobs.views.data.close_account import cancel_own_jobs, close_own_account, download_data
from jobs.views.data.delete_texts import delete_job_texts
from jobs.views.data.export import (
    download_result_csv,
    download_result_json,
    export_json,
    export_markdown,
)
from jobs.views.data.receipt import receipt, receipt_as_json, receipt_csv
from jobs.views.data.share import share_job, shared_job, unshare_job
from jobs.views.data.verdict import judge_answer
from jobs.views.job_form.drafts import drop_draft, keep_draft
from jobs.views.job_form.new import new_job, preview, quote
from jobs.views.job_form.templates import (
    delete_template,
    run_template_weekly,
    save_as_template,
    stop_template_weekly,
    template,
    template_list,
)
from jobs.views.job_page.actions import cancel, finish, hint_job, pause, raise_job_budget, resume
from jobs.views.job_page.answer import answer_job
from jobs.views.job_page.detail import detail, live_fragment
from jobs.views.job_page.files import attach_files, download_file, made_picture
from jobs.views.job_page.name import name
from jobs.views.job_page.steps import search_table, step_text, steps
from jobs.views.landing import landing
from jobs.views.limits import limits, member_limits
from jobs.views.lists.bulk import bulk
from jobs.views.lists.listing import job_list, job_list_csv
from jobs.views.staff.audit import audit_list, audit_now
from jobs.views.staff.learned import learned
from jobs.views.staff.limits import staff_limits
from jobs.views.staff.mail import mail_detail, mail_list
from jobs.views.staff.mail_samples import mail_sample, mail_samples
from jobs.views.staff.outbox import outbox_list, outbox_retry
from jobs.views.staff.people import people, person, stop_view_as, view_as
from jobs.views.staff.status import status
from jobs.views.staff.styleguide import styleguide, styleguide_error
from jobs.views.webhooks import webhook_add, webhook_remove, webhook_test

__all__ = [
    "answer_job",
    "attach_files",
    "audit_list",
    "audit_now",
    "beside",
    "bulk",
    "cancel",
    "cancel_own_jobs",
    "close_own_account",
    "compare",
    "compare_detail",
    "compare_live",
    "delete_job_texts",
    "delete_template",
    "detail",
    "download_data",
    "download_file",
    "download_result_csv",
    "download_result_json",
    "drop_draft",
    "export_json",
    "export_markdown",
    "finish",
    "hint_job",
    "job_list",
    "job_list_csv",
    "judge_answer",
    "keep_draft",
    "landing",
    "learned",
    "limits",
    "live_fragment",
    "made_picture",
    "mail_detail",
    "mail_list",
    "mail_sample",
    "mail_samples",
    "member_limits",
    "name",
    "new_job",
    "outbox_list",
    "outbox_retry",
    "pause",
    "people",
    "person",
    "preview",
    "quote",
    "raise_job_budget",
    "receipt",
    "receipt_as_json",
    "receipt_csv",
    "resume",
    "run_template_weekly",
    "save_as_template",
    "search_table",
    "share_job",
    "shared_job",
    "staff_limits",
    "status",
    "step_text",
    "steps",
    "stop_template_weekly",
    "stop_view_as",
    "styleguide",
    "styleguide_error",
    "template",
    "template_list",
    "unshare_job",
    "view_as",
    "webhook_add",
    "webhook_remove",
    "webhook_test",
]
