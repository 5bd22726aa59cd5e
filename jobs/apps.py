from django.apps import AppConfig


class JobsConfig(AppConfig):
    """A job's life: submit, run, watch, stop, resume, deliver."""

    name = "jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the receivers, and say what the cost review may know of jobs."""
        from jobs.upkeep import receivers  # noqa: F401
        from jobs.upkeep.cost_review import tell_of_jobs

        tell_of_jobs()
