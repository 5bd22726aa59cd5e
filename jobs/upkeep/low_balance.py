"""Emails to the owners of a workspace that has little money left: once, until it has more again."""

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User, Workspace
from billing.models import Account
from jobs.mail.enqueue import mail_people
from jobs.models import OutboxKind
from solver.core.money import format_usd, format_usd_at_most


def tell_of_low_balances() -> int:
    """Tell the owners of workspaces whose money fell below what they set; return of how many."""
    watched = Workspace.objects.filter(low_balance_nano__gte=0)
    accounts = Account.objects.filter(workspace__in=watched, is_floored=True).order_by()
    money = dict(accounts.values_list("workspace").annotate(total=Sum("balance_nano")))
    told = 0
    for workspace in watched:
        left_nano = money.get(workspace.pk, 0)
        if left_nano < (workspace.low_balance_nano or 0):
            told += _tell(workspace, left_nano)
        elif workspace.low_balance_told_at:
            Workspace.objects.filter(pk=workspace.pk).update(low_balance_told_at=None)
    return told


@transaction.atomic
def _tell(workspace: Workspace, left_nano: int) -> bool:
    now = timezone.now()
    untold = Workspace.objects.filter(pk=workspace.pk, low_balance_told_at=None)
    if not untold.update(low_balance_told_at=now):
        return False
    left = format_usd_at_most(left_nano)
    base, of = settings.PONDER_BASE_URL, f"?of_workspace={workspace.public_id}"
    owners = User.objects.filter(
        memberships__workspace=workspace,
        memberships__role=Role.OWNER,
        is_active=True,
        notify_of_low_balance=True,
    )
    mail_people(
        OutboxKind.PAYMENT,
        to=owners.exclude(email="").order_by("pk"),
        subject=f"{left} left in {workspace.name}",
        text=(
            f"The workspace “{workspace.name}” has {left} left, what its jobs have reserved included. You asked to be "
            f"told below {format_usd(workspace.low_balance_nano or 0)}; you are not told again until it has more.\n\n"
            f"Add money:\n{base}{reverse('wallet')}{of}\n\nChange when you are told:\n{base}{reverse('workspace')}\n"
        ),
        key=f"low-balance.{workspace.pk}.{now:%Y%m%d%H%M%S%f}",
    )
    return True
