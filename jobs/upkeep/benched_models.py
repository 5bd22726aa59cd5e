"""Models that fail at every call: staff are told once a day what their providers say."""

import hashlib
from collections.abc import Mapping

from django.utils import timezone

from accounts.rights import Right
from jobs.mail.enqueue import mail_staff
from jobs.models import OutboxKind


def notify_of_benched(benched: Mapping[str, str]) -> None:
    """Email staff what the providers of these models say (model → words), each model once a day.

    A job calls such a model no more, and waits where it has no other; its user reads whether it is the key, the account
    or the model.
    """
    for model, words in benched.items():
        name = hashlib.sha256(model.encode()).hexdigest()[:16]
        mail_staff(
            OutboxKind.STAFF,
            right=Right.SUSPEND_MODELS,
            subject=f"Calls to {model} fail",
            text=_TEXT.format(model=model, words=words),
            key=f"benched.{name}.{timezone.now():%Y-%m-%d}",
        )


_TEXT = """A job has stopped calling {model}, because every call fails. Its provider says:

{words}

Jobs that have no other model wait, and go on by themselves once it answers again. Check the key, the credit of the
account and the name of the model; `manage.py models check` shows whether it works now.
"""
