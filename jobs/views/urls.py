"""Addresses of the jobs room."""

from django.urls import path

from jobs import views

urlpatterns = [
    path("", views.landing, name="landing"),
    path("jobs/", views.job_list, name="job-list"),
    path("jobs/new/", views.new_job, name="job-new"),
    path("jobs/quote/", views.quote, name="job-quote"),
    path("jobs/preview/", views.preview, name="job-preview"),
    path("jobs/compare/", views.compare, name="job-compare"),
    path("jobs/compare/<uuid:comparison_id>/", views.compare_detail, name="job-compare-detail"),
    path("jobs/compare/<uuid:comparison_id>/live/", views.compare_live, name="job-compare-live"),
    path("jobs/draft/", views.keep_draft, name="job-draft"),
    path("jobs/<uuid:job_id>/draft/delete/", views.drop_draft, name="job-draft-delete"),
    path("jobs/<uuid:job_id>/", views.detail, name="job-detail"),
    path("jobs/<uuid:job_id>/live/", views.live_fragment, name="job-live"),
    path("jobs/<uuid:job_id>/finish/", views.finish, name="job-finish"),
    path("jobs/<uuid:job_id>/cancel/", views.cancel, name="job-cancel"),
    path("jobs/<uuid:job_id>/pause/", views.pause, name="job-pause"),
    path("jobs/<uuid:job_id>/resume/", views.resume, name="job-resume"),
    path("jobs/<uuid:job_id>/raise/", views.raise_job_budget, name="job-raise"),
    path("jobs/<uuid:job_id>/delete-texts/", views.delete_job_texts, name="job-delete-texts"),
    path("jobs/<uuid:job_id>/steps/", views.steps, name="job-steps"),
    path("jobs/<uuid:job_id>/steps/<uuid:step_id>/", views.step_text, name="job-step-text"),
    path("jobs/<uuid:job_id>/export.md", views.export_markdown, name="job-export-md"),
    path("jobs/<uuid:job_id>/export.json", views.export_json, name="job-export-json"),
    path("jobs/<uuid:job_id>/data.json", views.download_result_json, name="job-data-json"),
    path("jobs/<uuid:job_id>/data.csv", views.download_result_csv, name="job-data-csv"),
    path("settings/data.zip", views.download_data, name="data-export"),
    path("settings/close/", views.close_own_account, name="account-close"),
    path("settings/close/cancel-jobs/", views.cancel_own_jobs, name="account-close-cancel-jobs"),
    path("staff/audit/", views.audit_list, name="staff-audit"),
    path("staff/audit/run/", views.audit_now, name="staff-audit-run"),
    path("staff/outbox/", views.outbox_list, name="staff-outbox"),
    path("staff/outbox/<int:message_id>/retry/", views.outbox_retry, name="staff-outbox-retry"),
    path("staff/learned/", views.learned, name="staff-learned"),
    path("staff/mail/", views.mail_list, name="staff-mail"),
    path("staff/mail/<str:name>/", views.mail_detail, name="staff-mail-detail"),
]
