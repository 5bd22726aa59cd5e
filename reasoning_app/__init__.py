"""The Django project: settings, addresses, Celery and the embedded services. No product logic."""

from reasoning_app.celery import app as celery_app

__all__ = ["celery_app"]
