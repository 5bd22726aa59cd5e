"""Settings from the environment, or from the files that `NAME_FILE` variables name (such as Docker's secrets)."""

from urllib.parse import parse_qs, unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

_PATIENCE_WITH_NETWORKS = {
    "connect_timeout": "10",
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
    # The server's side of it: a host that is cut off in the middle of a transaction must not keep a job's row locked.
    "options": "-c idle_in_transaction_session_timeout=20s",
}


class ValuesOrFiles(FileAwareMapping):  # type: ignore[misc]  # django-environ ships no types
    """Prefers the content of the file that NAME_FILE names; the line end that editors leave is no part of it."""

    def __getitem__(self, key: str) -> str:
        """Return a value. Raises KeyError where it is not set, ImproperlyConfigured where its file cannot be read."""
        try:
            return str(super().__getitem__(key)).rstrip("\r\n")
        except OSError as error:
            path = self.env[f"{key}_FILE"]
            raise ImproperlyConfigured(
                f"{key}_FILE: {path} cannot be read ({error.strerror}). Name a readable file."
            ) from error


class SettingsEnv(environ.Env):  # type: ignore[misc]  # likewise
    """Reads settings by name and kind: `env.bool("DEBUG", default=False)`."""

    ENVIRON = ValuesOrFiles()


def database_of(url: str) -> dict[str, object]:
    """Return Django's settings of the PostgreSQL database that a URL names. Raises ValueError for another kind."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(f"“{parts.scheme or url}” is not PostgreSQL")
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "ponder",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": query.pop("port", str(parts.port or "")),
        # A pool, because a worker has 200 threads: see docs/decisions.md.
        # And on TCP a connection that a cut network left hanging is given up in seconds, not in a quarter of an hour.
        "OPTIONS": {
            "pool": {"min_size": 1, "max_size": 8, "timeout": 30},
            **_PATIENCE_WITH_NETWORKS,
            **query,
        },
        "CONN_HEALTH_CHECKS": True,
    }
