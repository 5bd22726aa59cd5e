"""What the accounts room tells the others; receivers live with those who care."""

from django.dispatch import Signal

workspace_created = Signal()
"""Sent in the transaction that makes a workspace. Arguments: `workspace`, `owner` (User), `operator` (bool: the
installation's own first user)."""
