"""What the accounts room tells the others; receivers live with those who care."""

from django.dispatch import Signal

workspace_created = Signal()
"""Sent in the transaction that makes a workspace. Arguments: `workspace`, `owner` (User), `operator` (bool: the
installation's own first user)."""

membership_ended = Signal()
"""Sent in the transaction that ends somebody's membership. Arguments: `workspace`, `user` (User)."""

ownership_ended = Signal()
"""Sent in the transaction in which an owner of a workspace gets another role there. Arguments: `workspace`, `user`."""

mail_ready = Signal()
"""Sent with an email about an account that is to leave. Arguments: `message` (EmailMultiAlternatives), `good_for`
(timedelta). Whoever receives it sees that it is sent; without a receiver it is sent at once."""
