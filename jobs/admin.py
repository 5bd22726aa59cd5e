"""Raw rows of the jobs room, for staff: to look at, not to change. The worker writes journal and money."""

from django.contrib import admin

from accounts.admin_site.base import ReadOnlyAdmin
from jobs.models import Job, OutboxMessage, Prompt, SpendingLimit, StepRecord


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin[Job]):
    """Jobs."""

    list_display = (
        "title",
        "workspace",
        "state",
        "wanted",
        "stop_reason",
        "budget_nano",
        "charged_nano",
        "programs_run",
        "programs_cpu_ms",
        "created_at",
    )
    list_filter = ("state", "stop_reason", "strategy")
    list_select_related = ("workspace",)
    search_fields = ("id", "title", "created_by__email")
    date_hierarchy = "created_at"


@admin.register(StepRecord)
class StepRecordAdmin(ReadOnlyAdmin[StepRecord]):
    """The journal."""

    list_display = (
        "key",
        "attempt",
        "job_id",
        "kind",
        "model",
        "state",
        "status",
        "charged_nano",
        "tokens",
        "told_at",
    )
    list_filter = ("kind", "state", "status")
    search_fields = ("id", "job__id", "key")


@admin.register(Prompt)
class PromptAdmin(ReadOnlyAdmin[Prompt]):
    """What models were sent."""

    list_display = ("sha256", "job_id")
    search_fields = ("sha256", "job__id")


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin[OutboxMessage]):
    """Mail that must leave exactly once."""

    list_display = ("job_id", "kind", "version", "recipient", "attempts", "next_at", "state", "sent_at")
    list_filter = ("kind", "state")
    search_fields = ("job__id", "recipient")
    exclude = ("content",)  # a sign-in code may wait in it


@admin.register(SpendingLimit)
class SpendingLimitAdmin(ReadOnlyAdmin[SpendingLimit]):
    """Spending limits; their history is in the log of changes."""

    list_display = ("whose", "period", "amount_nano", "by_staff", "set_by", "set_at")
    list_filter = ("period", "by_staff")
    list_select_related = ("user", "workspace", "set_by")
