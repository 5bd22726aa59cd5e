"""Where the bytes of files lie, as PONDER_FILES_URL says: a directory, or an S3-compatible bucket."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_OPTIONS = {"endpoint": "endpoint_url", "region": "region_name"}


def file_storage(url: str, *, directory: Path) -> dict[str, Any]:
    """Return the entry of Django's STORAGES; without an address the directory. Raises ValueError."""
    if not url:
        # Nothing is ever served by its address: `base_url` leads nowhere.
        options = {"location": directory, "base_url": None, "file_permissions_mode": 0o600}
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {**options, "directory_permissions_mode": 0o700},
        }
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.hostname:
        raise ValueError("it names no bucket")
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if unknown := sorted(set(given) - set(_OPTIONS)):
        raise ValueError(f"“{unknown[0]}” is unknown")
    keys = {
        "access_key": unquote(parts.username) if parts.username else None,
        "secret_key": unquote(parts.password) if parts.password else None,
    }
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": parts.netloc.rpartition("@")[2],
            "location": parts.path.strip("/"),
            "default_acl": None,
            "file_overwrite": False,
            **{name: value for name, value in keys.items() if value},
            **{_OPTIONS[name]: value for name, value in given.items()},
        },
    }
