"""SMTP that waits for a server which already has the email: RFC 5321 (4.5.3.2) allows it minutes to answer."""

import contextlib
from typing import Any

from django.core.mail.backends.smtp import EmailBackend

REPLY_TIMEOUT_S = 60.0


class SmtpBackend(EmailBackend):
    """Waits `timeout` seconds to reach a server and sign in, and `REPLY_TIMEOUT_S` for each word of its afterwards."""

    def open(self) -> bool | None:
        """Connect unless that is done; return whether it was needed."""
        opened = super().open()
        if opened:
            self._wait_at_most(REPLY_TIMEOUT_S)
        return opened

    def close(self) -> None:
        """End the conversation. Accepted emails are sent, so a failure now does not matter."""
        connection: Any = self.connection
        self._wait_at_most(self.timeout)
        try:
            super().close()
        except OSError:
            if connection is not None:
                connection.close()

    def _wait_at_most(self, seconds: float | None) -> None:
        connection: Any = self.connection
        with contextlib.suppress(OSError):
            if connection is not None and connection.sock is not None:
                connection.sock.settimeout(seconds)
