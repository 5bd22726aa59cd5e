"""The Celery application: `celery -A reasoning_app worker -P threads` and `celery -A reasoning_app beat`."""

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init

from reasoning_app import __version__

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reasoning_app.settings")

app = Celery("ponder")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def _say_worker(**_: Any) -> None:
    logging.getLogger(__name__).info("Ponder %s: starting a worker", __version__)


def _say_clock(**_: Any) -> None:
    logging.getLogger(__name__).info("Ponder %s: starting the clock", __version__)


worker_init.connect(_say_worker)
beat_init.connect(_say_clock)
