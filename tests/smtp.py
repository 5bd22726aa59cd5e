"""A mail server on the loopback interface whose replies a test decides: real SMTP, real smtplib."""

import socketserver
import threading


class _Handler(socketserver.StreamRequestHandler):
    """One conversation, as far as smtplib needs it."""

    server: "Smtp"

    def handle(self) -> None:
        self._say("220 test")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ")[0].upper()
            if verb == "QUIT":
                self._say("221 bye")
                return
            if verb == "RCPT":
                self._say(self.server.recipient_reply)
            elif verb == "DATA":
                self._take()
            else:
                self._say("250 ok")

    def _take(self) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline().decode()) not in {".\r\n", ""}:
            lines.append(line)
        if self.server.data_reply.startswith("250"):
            self.server.taken.append("".join(lines))
        self._say(self.server.data_reply)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class Smtp(socketserver.ThreadingTCPServer):
    """Takes mail, or refuses it with the reply that a test sets."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: list[str] = []
        self.recipient_reply = self.data_reply = "250 ok"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def mailers(self) -> dict[str, object]:
        """Django's setting MAILERS for this server."""
        options = {"host": "127.0.0.1", "port": self.server_address[1], "timeout": 5}
        return {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}}

    def close(self) -> None:
        """Take no more mail."""
        self.shutdown()
        self.server_close()
