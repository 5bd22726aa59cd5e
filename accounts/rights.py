"""What a member of staff may do, one right apart from the other; superusers may do all of it.

A right is a Django permission of the User model (`accounts.see_costs`), which a superuser gives to a person or a group
in /admin/. Being staff alone opens nothing but an empty /admin/.
"""

from django.db import models


class Right(models.TextChoices):
    """A staff page or action that can be given by itself. The value is the permission's codename."""

    SEE_COSTS = "see_costs", "May see cost review: what is spent, by whom, on which calls, and prices"
    SUSPEND_MODELS = "suspend_models", "May suspend models, and let them be called again"
    CONTROL_SPENDING = (
        "control_spending",
        "May stop all spending or a provider's, let it go on, and set spending limits",
    )
    APPROVE_PRICES = "approve_prices", "May import prices, and approve them for the price book"
    SETTLE_PAYMENTS = (
        "settle_payments",
        "May process events of Stripe again, and close payments that do not match",
    )
    CORRECT_BOOKS = (
        "correct_books",
        "May upload providers' cost reports, settle what differs from them, and correct the books",
    )
    RUN_AUDITS = "run_audits", "May see audits, and start one"
    RESEND_MAIL = "resend_mail", "May see the outbox without its texts, and send messages again"
    SEE_LEARNED = "see_learned", "May see what was learned about models, and what has drifted"

    @property
    def permission(self) -> str:
        """The name that `User.has_perm` takes."""
        return f"accounts.{self.value}"
