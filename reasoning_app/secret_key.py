"""The secret key of an installation that sets none: made once, kept in the data directory."""

import os
import secrets
from pathlib import Path


def load_or_create(data_dir: Path) -> str:
    """Return the key kept in `data_dir`, making it on the first call; safe when two processes start at once.

    Where the directory cannot be written, a key for this process alone is returned, so that commands which need
    none (help, checks) still work.
    """
    path = data_dir / "secret_key"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    except OSError:
        return secrets.token_urlsafe(48)
    with os.fdopen(descriptor, "w") as file:
        key = secrets.token_urlsafe(48)
        file.write(key)
    return key
