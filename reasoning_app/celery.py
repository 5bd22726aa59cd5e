"""The Celery application: `celery -A reasoning_app worker -P threads` and `celery -A reasoning_app beat`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reasoning_app.settings")

app = Celery("ponder")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
