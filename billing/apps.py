from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Money: prices, accounts, the ledger, calls, top-ups and cost review."""

    name = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the receivers (trial credit for new workspaces)."""
        from billing import receivers  # noqa: F401
