"""Mail as files: without a mail server each message is one .eml file in DATA_DIR/mail, readable in the app by superusers.

Mail about accounts (codes and links that sign its reader in) lies apart, in DATA_DIR/mail/account: no page shows it,
no backup takes it, and it is deleted as soon as it has expired.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage as Parsed
from email.utils import getaddresses
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

ACCOUNT_MAIL_DOMAIN = "account.ponder"
"""What the Message-ID of an email about an account ends with."""

_ACCOUNT_MAIL_KEPT = timedelta(minutes=10)
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
    about_account = str(parsed["Message-ID"]).endswith(f"@{ACCOUNT_MAIL_DOMAIN}>")
    directory = _account_directory() if about_account else Path(settings.MAIL_DIR)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    earlier = next(directory.glob(f"*-{digest}.eml"), None)
    target = earlier or directory / f"{_stamp(datetime.now(UTC))}-{digest}.eml"
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


def _account_directory() -> Path:
    return Path(settings.MAIL_DIR) / "account"


def delete_files(message_ids: Iterable[str]) -> int:
    """Delete the stored messages with these Message-IDs; return how many there were."""
    digests = {_digest(message_id) for message_id in message_ids}
    return _delete(path for path in _stored() if path.name[-20:-4] in digests)


def delete_files_to(addresses: Iterable[str]) -> int:
    """Delete the stored messages to any of these email addresses; return how many there were."""
    wanted = {address.lower() for address in addresses}
    mails = ((path, _recipients(path)) for path in [*_stored(), *_stored(_account_directory())])
    return _delete(path for path, recipients in mails if recipients & wanted)


def delete_files_before(moment: datetime) -> int:
    """Delete the stored messages that were written before a moment; return how many there were."""
    return _delete(path for path in _stored() if path.name < _stamp(moment))


def delete_old_account_files() -> int:
    """Delete expired emails about accounts; return how many there were."""
    oldest = _stamp(datetime.now(UTC) - _ACCOUNT_MAIL_KEPT)
    return _delete(path for path in _stored(_account_directory()) if path.name < oldest)


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _delete(paths: Iterable[Path]) -> int:
    deleted = 0
    for path in paths:
        path.unlink(missing_ok=True)
        deleted += 1
    return deleted


def _stored(directory: Path | None = None) -> list[Path]:
    where = directory or Path(settings.MAIL_DIR)
    if not where.is_dir():
        return []
    return [path for path in where.iterdir() if _NAME.fullmatch(path.name)]


def _recipients(path: Path) -> set[str]:
    parsed = _parsed(path)
    return {address.lower() for _, address in getaddresses([str(parsed["To"])])} if parsed else set()


def stored_names() -> list[str]:
    """Return the names of the stored messages, newest first; those about accounts are not among them."""
    return sorted((path.name for path in _stored()), reverse=True)


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
    """Return a stored message, or None if there is none of that name."""
    return _parsed(Path(settings.MAIL_DIR) / name) if is_stored_name(name) else None


def _parsed(path: Path) -> Parsed | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    return message_from_bytes(content, _class=Parsed, policy=policy.default)


def body_of(parsed: Parsed, kind: str) -> str:
    """Return the text of a message's `plain` or `html` part, or nothing."""
    part = parsed.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    return str(part.get_content())
