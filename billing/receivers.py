"""What billing does when others tell something: money for new workspaces, the house's accounts after a migration."""

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import User, Workspace
from accounts.sign_in.mailbox import domain_mark, mailbox_mark, registered_domain
from accounts.signals import membership_ended, ownership_ended, workspace_created
from billing.books.ledger import account_of, open_system_accounts
from billing.books.wallet import grant
from billing.models import AccountKind, AutoRecharge, SavedCard, TrialGrant
from billing.prices.book import load_prices
from solver.core.money import NANO_PER_USD

logger = logging.getLogger(__name__)

_OPERATOR_CREDIT_NANO = 100 * NANO_PER_USD
_DAY, _DOMAIN_PERIOD = timedelta(days=1), timedelta(days=30)
_TRIAL_LOCK = 0x747269616C


@receiver([membership_ended, ownership_ended], dispatch_uid="billing.forget_cards")
def forget_cards(*, workspace: Workspace, user: User, **_: Any) -> None:
    """Remove the cards that somebody saved in a workspace that they no longer own; the sweep has Stripe forget them."""
    cards = SavedCard.objects.filter(workspace=workspace, user=user, removed_at=None)
    AutoRecharge.objects.filter(card__in=cards).update(is_on=False)
    cards.update(removed_at=timezone.now())


@receiver(workspace_created, dispatch_uid="billing.open_purses")
def open_purses(*, workspace: Workspace, owner: User, operator: bool = False, **_: Any) -> None:
    """Open the workspace's trial credit and wallet, and put the welcome money in, once for each mailbox."""
    account_of(workspace, AccountKind.TRIAL)
    account_of(workspace, AccountKind.WALLET)
    if operator:
        credit = getattr(settings, "PONDER_OPERATOR_CREDIT_NANO", _OPERATOR_CREDIT_NANO)
        reason, key = "starting credit", f"operator:{workspace.pk}"
    else:
        credit = settings.PONDER_TRIAL_CREDIT_NANO if _takes_trial_credit(owner) else 0
        reason, key = "welcome credit", f"trial:{workspace.pk}"
    if credit:
        grant(workspace=workspace, amount_nano=credit, by=None, reason=reason, to_trial=not operator, key=key)


def _takes_trial_credit(owner: User) -> bool:
    """Whether the owner's mailbox gets trial credit now: each once, within the limits of its domain and of a day."""
    with connection.cursor() as cursor:
        # Until the commit: two who sign up at the same moment would both be the last.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TRIAL_LOCK])
    now, mark = timezone.now(), ""
    if TrialGrant.objects.filter(granted_at__gt=now - _DAY).count() >= settings.PONDER_TRIALS_PER_DAY:
        logger.warning("PONDER_TRIALS_PER_DAY is reached: user %s starts without trial credit.", owner.pk)
        return False
    if registered_domain(owner.email) not in settings.PONDER_TRIAL_SHARED_DOMAINS:
        mark = domain_mark(owner.email)
        of_domain = TrialGrant.objects.filter(domain_mark=mark, granted_at__gt=now - _DOMAIN_PERIOD)
        if of_domain.count() >= settings.PONDER_TRIALS_PER_DOMAIN:
            logger.warning(
                "PONDER_TRIALS_PER_DOMAIN is reached: user %s starts without trial credit.", owner.pk
            )
            return False
    _, is_first = TrialGrant.objects.get_or_create(
        mailbox_mark=mailbox_mark(owner.email), defaults={"domain_mark": mark}
    )
    return is_first


@receiver(post_migrate, dispatch_uid="billing.fill_the_books")
def fill_the_books(*, sender: Any, **_: Any) -> None:
    """After each migration: make the house's accounts and load new prices (also after a test emptied its database)."""
    # `migrate accounts` alone may run before billing has tables.
    if sender.name == "billing" and "billing_price" in connection.introspection.table_names():
        open_system_accounts()
        load_prices()
