"""The embedded services: PostgreSQL, Redis, the demo model, and the supervisor that runs Ponder on one machine."""

from reasoning_app.embedded.errors import InUseError, UpError
from reasoning_app.embedded.lock import running
from reasoning_app.embedded.services import Services, ensure

__all__ = ["InUseError", "Services", "UpError", "ensure", "running"]
