"""Every address of the site and who may open it: `tests/web/test_access.py` holds the site to this list."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Role
from accounts.rights import Right

PUBLIC = {
    "healthz",
    "landing",
    "job-new",
    "job-quote",
    "job-preview",
    "job-shared",
    "job-compare",
    "job-template-save",
    "stripe-webhook",
    "sign-in-link",
    "unsubscribe",
    "invitation",
    "account_confirm_login_code",
    "account_email_verification_sent",
    "account_inactive",
    "account_login",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "account_logout",
    "account_request_login_code",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_signup",
}
"""Open to everybody."""

OWN = {
    "job-list",
    "job-list-csv",
    "job-bulk",
    "job-template-list",
    "job-draft",
    "job-files",
    "workspace",
    "workspace-switch",
    "workspace-rename",
    "workspace-invite",
    "workspace-leave",
    "workspace-low-balance",
    "settings",
    "mail-works",
    "limits",
    "webhook-add",
    "webhook-remove",
    "webhook-test",
    "wallet",
    "wallet-csv",
    "auto-recharge",
    "payments",
    "portal",
    "refund",
    "topup-start",
    "data-export",
    "account-close",
    "account-close-cancel-jobs",
    "account_change_password",
    "account_email",
    "account_reauthenticate",
    "account_set_password",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_download_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_view_recovery_codes",
    "mfa_add_webauthn",
    "mfa_list_webauthn",
    "mfa_reauthenticate_webauthn",
    "usersessions_list",
    "reauthenticate-by-code",
    "sign-out-elsewhere",
}
"""What everybody who is signed in has; it shows their own things only."""

OWNERS = {
    "card-remove",
    "workspace-invitation-resend",
    "workspace-invitation-revoke",
    "workspace-member-role",
    "workspace-member-remove",
    "workspace-member-limits",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
    "session-end",
    "job-detail",
    "job-live",
    "job-finish",
    "job-cancel",
    "job-pause",
    "job-resume",
    "job-raise",
    "job-hint",
    "job-answer",
    "job-delete-texts",
    "job-share",
    "job-template",
    "job-template-weekly",
    "job-template-stop",
    "job-template-delete",
    "job-unshare",
    "job-verdict",
    "job-search",
    "job-name",
    "job-steps",
    "job-step-text",
    "job-receipt",
    "job-receipt-csv",
    "job-receipt-json",
    "job-export-md",
    "job-export-json",
    "job-data-json",
    "job-data-csv",
    "job-draft-delete",
    "job-beside",
    "job-compare-detail",
    "job-compare-live",
    "topup-return",
    "file",
    "made-picture",
}
"""About one thing that belongs to somebody: for others it does not exist."""

LEAST_ROLE = {
    **dict.fromkeys(
        {"wallet", "wallet-csv", "auto-recharge", "payments", "portal", "refund", "topup-start", "topup-return"}
        | {"workspace-rename", "workspace-invite", "workspace-invitation-resend", "workspace-invitation-revoke"}
        | {"workspace-member-role", "workspace-member-remove", "workspace-member-limits", "workspace-low-balance"},
        Role.OWNER,
    ),
    **dict.fromkeys(
        {
            "job-new", "job-compare", "job-template-save", "job-template-weekly", "job-draft", "job-files", "job-finish",
            "job-cancel", "job-pause", "job-resume", "job-raise", "job-hint", "job-answer", "job-delete-texts",
            "job-share", "job-unshare", "job-verdict", "job-name",
        },
        Role.MEMBER,
    ),
    **dict.fromkeys(
        {
            "job-list", "job-list-csv", "job-bulk", "job-detail", "job-live", "job-search", "job-steps", "job-step-text",
            "job-export-md", "job-export-json", "job-data-json", "job-data-csv", "job-beside", "job-compare-detail",
            "job-receipt", "job-receipt-csv", "job-receipt-json",
            "job-compare-live", "file", "made-picture", "limits", "webhook-add", "webhook-remove", "webhook-test",
            "workspace", "workspace-switch", "workspace-leave",
        },
        Role.VIEWER,
    ),
}  # fmt: skip
"""What belongs to a workspace, and the least role in it that opens each; a page of the list acts on what the role may."""

OF_A_PERSON = {
    "settings", "mail-works", "data-export", "account-close", "account-close-cancel-jobs", "usersessions_list",
    "reauthenticate-by-code", "sign-out-elsewhere", "session-end", "card-remove", "job-template-list", "job-template",
    "job-template-stop", "job-template-delete", "job-draft-delete",
}  # fmt: skip
"""What concerns one person alone, whatever workspaces they are in; allauth's pages do, too."""

STAFF = {
    "cost-review": Right.SEE_COSTS,
    "cost-review-csv": Right.SEE_COSTS,
    "cost-review-anomalies": Right.SEE_COSTS,
    "cost-review-anomalies-csv": Right.SEE_COSTS,
    "cost-review-changes": Right.SEE_COSTS,
    "cost-review-changes-csv": Right.SEE_COSTS,
    "correction-decide": Right.CORRECT_BOOKS,
    "corrections": Right.CORRECT_BOOKS,
    "cost-review-finance": Right.SEE_COSTS,
    "cost-review-figures-csv": Right.SEE_COSTS,
    "cost-review-tokens-csv": Right.SEE_COSTS,
    "cost-review-focus": Right.SEE_COSTS,
    "cost-review-journal": Right.SEE_COSTS,
    "cost-review-calls": Right.SEE_COSTS,
    "cost-review-calls-csv": Right.SEE_COSTS,
    "cost-review-open": Right.SEE_COSTS,
    "cost-review-open-csv": Right.SEE_COSTS,
    "cost-review-prices": Right.SEE_COSTS,
    "cost-review-prices-csv": Right.SEE_COSTS,
    "cost-review-opinions": Right.SEE_COSTS,
    "cost-review-opinions-csv": Right.SEE_COSTS,
    "price-drafts": Right.APPROVE_PRICES,
    "price-drafts-import": Right.APPROVE_PRICES,
    "price-drafts-approve": Right.APPROVE_PRICES,
    "reconciliation": Right.CORRECT_BOOKS,
    "reconciliation-csv": Right.CORRECT_BOOKS,
    "reconciliation-upload": Right.CORRECT_BOOKS,
    "reconciliation-item": Right.CORRECT_BOOKS,
    "reconciliation-decide": Right.CORRECT_BOOKS,
    "cost-review-payments": Right.SETTLE_PAYMENTS,
    "staff-refunds": Right.SETTLE_PAYMENTS,
    "stripe": Right.SETTLE_PAYMENTS,
    "stripe-fetch": Right.SETTLE_PAYMENTS,
    "cost-review-event-retry": Right.SETTLE_PAYMENTS,
    "cost-review-payment-close": Right.SETTLE_PAYMENTS,
    "spending": Right.CONTROL_SPENDING,
    "spending-stop": Right.CONTROL_SPENDING,
    "spending-start": Right.CONTROL_SPENDING,
    "cost-review-suspensions": Right.SUSPEND_MODELS,
    "cost-review-suspension-lift": Right.SUSPEND_MODELS,
    "staff-limits": Right.CONTROL_SPENDING,
    "staff-audit": Right.RUN_AUDITS,
    "staff-audit-run": Right.RUN_AUDITS,
    "staff-outbox": Right.RESEND_MAIL,
    "staff-outbox-retry": Right.RESEND_MAIL,
    "staff-learned": Right.SEE_LEARNED,
}
"""Staff pages and actions, with the one right that opens each."""

ANY_STAFF = {"styleguide", "styleguide-error"}
"""What all staff may see, whatever their rights."""

SUPERUSERS = {
    "staff-status",
    "staff-people",
    "staff-person",
    "staff-view-as",
    "staff-stop-viewing",
    "staff-mail",
    "staff-mail-detail",
    "staff-mail-samples",
    "staff-mail-sample",
}
"""Staff pages that no right opens."""

ADMIN_FRAME = {
    "admin:index",
    "admin:app_list",
    "admin:autocomplete",
    "admin:jsi18n",
    "admin:login",
    "admin:logout",
    "admin:password_change",
    "admin:password_change_done",
    "admin:view_on_site",
}
"""Pages of /admin/ that show no rows; everything else there asks for rights to the rows."""


def addresses(
    resolver: URLResolver | None = None, prefix: str = "", place: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield the name (or, without one, nothing) and the pattern of every address that the site answers."""
    for entry in (resolver or get_resolver()).url_patterns:
        where = place + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
            yield from addresses(entry, inner, where)
        elif isinstance(entry, URLPattern):
            yield (f"{prefix}{entry.name}" if entry.name else "", where)
