"""What can go wrong at start; each message says what was wrong and what to do."""


class UpError(Exception):
    """Ponder's services cannot start or go on. The text is for the person at the terminal."""

    exit_code = 1


class InUseError(UpError):
    """Another launcher owns the data directory."""

    exit_code = 2


class StopRequested(BaseException):
    """SIGINT, SIGTERM or SIGHUP arrived while starting. Not an Exception: nothing may swallow it."""
