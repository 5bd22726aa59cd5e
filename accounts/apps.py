from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, their workspaces and how they sign in."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the receivers."""
        from accounts import receivers  # noqa: F401
