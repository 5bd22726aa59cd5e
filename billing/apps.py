from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Money: prices, accounts, the ledger, calls, top-ups and cost review."""

    name = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the receivers (welcome money, prices after a migration) and the checks of the settings."""
        from billing import receivers  # noqa: F401
        from billing.prices import checks  # noqa: F401
