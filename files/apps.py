from django.apps import AppConfig


class FilesConfig(AppConfig):
    """Files that people attach to problems: stored, read, and what of them models are told."""

    name = "files"
    default_auto_field = "django.db.models.BigAutoField"
