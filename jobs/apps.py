from django.apps import AppConfig


class JobsConfig(AppConfig):
    """A job's life: submit, run, watch, stop, resume, deliver."""

    name = "jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the receivers."""
        from jobs.upkeep import receivers  # noqa: F401
