"""Settings from the environment, or from the files that `NAME_FILE` variables name (such as Docker's secrets)."""

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping


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
