"""The email that invites into a workspace: in text and HTML, and without a word that could be taken for a link."""

import re
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from accounts.models import WorkspaceInvitation
from accounts.signals import mail_ready

_LIKE_A_LINK = re.compile(r"\S*(?:://|www\.|\.[^\W\d_]{2,}|@)\S*", re.IGNORECASE)
_MOST_NAME_CHARS = 60


def send_invitation(invitation: WorkspaceInvitation, link: str, *, good_for: timedelta) -> None:
    """Hand the email to the outbox, in the caller's transaction."""
    message = invitation_mail(invitation, link)
    if not mail_ready.send(sender=WorkspaceInvitation, message=message, good_for=good_for):
        message.send()


def invitation_mail(invitation: WorkspaceInvitation, link: str) -> EmailMultiAlternatives:
    """Return the email of an invitation."""
    inviter = invitation.invited_by
    context = {
        "workspace": plain_name(invitation.workspace.name),
        "inviter": inviter.email if inviter else "An owner",
        "role": invitation.role,
        "link": link,
        "email": invitation.email,
        "base_url": settings.PONDER_BASE_URL,
    }
    message = EmailMultiAlternatives(
        subject=f"{context['inviter']} invites you to {context['workspace']}",
        body=render_to_string("emails/workspace_invitation-text.txt", context).strip() + "\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[invitation.email],
    )
    message.attach_alternative(
        render_to_string("emails/workspace_invitation-html.html", context), "text/html"
    )
    return message


def plain_name(name: str) -> str:
    """Return a workspace's name on one line and without links: strangers read it, and anybody can choose it."""
    shown = " ".join(_LIKE_A_LINK.sub("…", name).split())
    return shown[:_MOST_NAME_CHARS] or "a workspace"
