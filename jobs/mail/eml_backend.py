"""Mail as files: without a mail server each message is one .eml file in DATA_DIR/mail, readable in the app by staff."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage as Parsed
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

_NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{16}\.eml")


class EmlBackend(BaseEmailBackend):
    """Writes each message to a file of its own; a message sent again replaces its file."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the messages and return how many. An OSError (disk full) is the caller's to retry."""
        for message in email_messages:
            if message.recipients():
                _write(message)
        return len(email_messages)


class StoredMail(NamedTuple):
    """What the list shows of one message."""

    name: str
    subject: str
    to: str
    sent_at: datetime


def _write(message: EmailMessage) -> None:
    parsed = message.message(policy=policy.SMTP)
    digest = _digest(str(parsed["Message-ID"]))
    directory = Path(settings.MAIL_DIR)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    earlier = next(directory.glob(f"*-{digest}.eml"), None)
    target = earlier or directory / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{digest}.eml"
    descriptor, temporary = tempfile.mkstemp(dir=directory, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(parsed.as_bytes())
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _digest(message_id: str) -> str:
    return hashlib.sha256(message_id.encode()).hexdigest()[:16]


def delete_files(message_ids: Iterable[str]) -> int:
    """Delete the stored messages with these Message-IDs; return how many there were."""
    digests = {_digest(message_id) for message_id in message_ids}
    return _delete(name for name in stored_names() if name[-20:-4] in digests)


def delete_files_to(address: str) -> int:
    """Delete the stored messages to an e-mail address; return how many there were."""
    wanted = address.lower()
    mails = ((name, describe(name)) for name in stored_names())
    return _delete(name for name, mail in mails if mail and wanted in mail.to.lower())


def delete_files_before(moment: datetime) -> int:
    """Delete the stored messages that were written before a moment; return how many there were."""
    oldest = f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return _delete(name for name in stored_names() if name < oldest)


def _delete(names: Iterable[str]) -> int:
    deleted = 0
    for name in names:
        (Path(settings.MAIL_DIR) / name).unlink(missing_ok=True)
        deleted += 1
    return deleted


def stored_names() -> list[str]:
    """Return the names of the stored messages, newest first."""
    directory = Path(settings.MAIL_DIR)
    if not directory.is_dir():
        return []
    return sorted((path.name for path in directory.iterdir() if _NAME.fullmatch(path.name)), reverse=True)


def is_stored_name(name: str) -> bool:
    """Tell whether a stored message could have this name."""
    return bool(_NAME.fullmatch(name))


def describe(name: str) -> StoredMail | None:
    """Return subject, recipient and date of a stored message."""
    parsed = read(name)
    if parsed is None:
        return None
    sent = datetime.strptime(name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return StoredMail(name, str(parsed["Subject"] or "(no subject)"), str(parsed["To"] or ""), sent)


def read(name: str) -> Parsed | None:
    """Return a stored message. None: there is none of that name."""
    if not _NAME.fullmatch(name):
        return None
    try:
        content = (Path(settings.MAIL_DIR) / name).read_bytes()
    except FileNotFoundError:
        return None
    return message_from_bytes(content, _class=Parsed, policy=policy.default)


def body_of(parsed: Parsed, kind: str) -> str:
    """Return the text of a message's `plain` or `html` part, or nothing."""
    part = parsed.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    return str(part.get_content())
