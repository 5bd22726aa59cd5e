from django.apps import AppConfig


class ReasoningAppConfig(AppConfig):
    """The project itself: it brings the management commands and makes the Celery application the current one."""

    name = "reasoning_app"

    def ready(self) -> None:
        """Load Celery with Django, but not with the supervisor, which needs neither."""
        from reasoning_app import celery  # noqa: F401
