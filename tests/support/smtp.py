"""A mail server on the loopback interface whose replies a test decides: real SMTP, real smtplib."""

import contextlib
import socketserver
import threading


class _Handler(socketserver.StreamRequestHandler):
    """One conversation, as far as smtplib needs it."""

    server: "Smtp"

    def handle(self) -> None:
        self.server.closed.wait(self.server.greeting_delay_s)
        self._say("220 test")
        recipient = ""
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ")[0].upper()
            if verb == "QUIT":
                self.server.closed.wait(self.server.quit_delay_s)
                self._say("221 bye")
                return
            if verb == "RCPT":
                recipient = line
                self._say(self.server.recipient_reply)
            elif verb == "DATA":
                self._take(recipient)
            else:
                self._say("250 ok")

    def _take(self, recipient: str) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline().decode()) not in {".\r\n", ""}:
            lines.append(line)
        if self.server.data_reply.startswith("250"):
            self.server.taken.append("".join(lines))
        slow = self.server.slow_recipient in recipient
        self.server.closed.wait(self.server.taken_delay_s if slow else 0)
        self._say(self.server.data_reply)

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):  # whoever asked may have gone
            self.wfile.write(f"{text}\r\n".encode())


class Smtp(socketserver.ThreadingTCPServer):
    """Takes mail, or refuses it with the reply that a test sets, after the time that a test sets.

    `taken_delay_s` passes between taking a mail (to a recipient whose address holds `slow_recipient`) and saying so.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: list[str] = []
        self.recipient_reply = self.data_reply = "250 ok"
        self.greeting_delay_s = self.taken_delay_s = self.quit_delay_s = 0.0
        self.slow_recipient = ""
        self.timeout_s = 5.0
        self.closed = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def mailers(self) -> dict[str, object]:
        """Django's setting MAILERS for this server."""
        options = {"host": "127.0.0.1", "port": self.server_address[1], "timeout": self.timeout_s}
        return {"default": {"BACKEND": "jobs.mail.smtp_backend.SmtpBackend", "OPTIONS": options}}

    def close(self) -> None:
        """Take no more mail."""
        self.closed.set()
        self.shutdown()
        self.server_close()
