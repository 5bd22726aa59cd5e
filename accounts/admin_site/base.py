"""What the admin pages of every room share."""

from typing import Any

from django.contrib import admin
from django.db import models


class ReadOnlyAdmin[Row: models.Model](admin.ModelAdmin[Row]):
    """Rows to look at: whatever changes them has rules of its own, which a form of the admin does not know."""

    show_full_result_count = False

    def has_add_permission(self, request: Any) -> bool:
        """Nobody adds rows here."""
        del request
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        """Nobody changes rows here."""
        del request, obj
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        """Nobody deletes rows here."""
        del request, obj
        return False
