"""Users, workspaces (which own jobs and wallets), who is in them and how they came, one-time sign-in links."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.rights import Right


class UserManager(BaseUserManager["User"]):
    """Creates users, identified by their email address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Make an ordinary user; without a password they sign in by email code only."""
        if not email:
            raise ValueError("A user needs an email address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a superuser: a member of staff with every right."""
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})

    def get_by_natural_key(self, email: str | None) -> "User":
        """Find a user by email address, ignoring its case."""
        return self.get(email__iexact=email)


class User(AbstractBaseUser, PermissionsMixin):
    """A person, identified by an email address."""

    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_staff = models.BooleanField(
        default=False,
        help_text="May be given rights to staff pages and to rows in /admin/; this alone gives none.",
    )
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)
    notify_when_done = models.BooleanField("email me when a job is done", default=True)
    notify_when_exhausted = models.BooleanField("email me when a budget ran out", default=True)
    notify_when_stuck = models.BooleanField("email me when a job is stuck", default=True)
    notify_when_asked = models.BooleanField(
        "email me when a job has a question", default=True, db_default=True
    )
    notify_when_failed = models.BooleanField(
        "email me when a job failed or found no answer", default=True, db_default=True
    )
    notify_of_receipts = models.BooleanField(
        "email me the receipt of each job", default=False, db_default=False
    )
    notify_of_top_ups = models.BooleanField("email me when money was added", default=True, db_default=True)
    notify_of_limits = models.BooleanField(
        "email me when a spending limit is used to a step", default=True, db_default=True
    )
    notify_of_low_balance = models.BooleanField(
        "email me when a workspace that I own runs out of money", default=True, db_default=True
    )
    time_zone = models.CharField(
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text="Where the person lives; empty: the site's.",
    )
    keep_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="How many days the texts of ended jobs are kept; empty: the site's default.",
    )
    share_traces = models.BooleanField(
        "allow my verified solutions to be used to train models",
        default=False,
        db_default=False,
        help_text="The user allows verified replies to their problems to be exported for training models.",
    )
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the account was closed and its address removed."
    )
    mail_bounced_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When a mail server last permanently refused an email to this address.",
    )
    mail_bounce = models.CharField(max_length=300, blank=True, help_text="The mail server's reason.")
    session_epoch = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text="Incremented to end all earlier sessions."
    )
    former_emails = ArrayField(
        models.EmailField(),
        default=list,
        db_default=[],
        blank=True,
        editable=False,
        help_text="Addresses that the user removed; closing the account also deletes emails to them.",
    )

    current_workspace = models.ForeignKey(
        "accounts.Workspace",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        help_text="The one of their workspaces whose jobs and money they see; empty: the first.",
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="accounts_user_email_ci")]
        permissions = tuple(Right.choices)

    def __str__(self) -> str:
        return self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Bind sessions to the epoch as well as to the password, so that those without a password can end them."""
        salted: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]
        return f"{salted}.{self.session_epoch}" if self.session_epoch else salted

    def get_full_name(self) -> str:
        """Return the name, or the address where there is none."""
        return self.name or self.email

    def get_short_name(self) -> str:
        """Return what a greeting would use."""
        return self.name.split(" ")[0] if self.name else self.email.split("@")[0]


class Workspace(models.Model):
    """What owns jobs and a wallet: personal by default, with members."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)
    low_balance_nano = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="Its owners get an email once it has less money than this; empty: never.",
    )
    low_balance_told_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When they were told; empty once it has more again."
    )
    members: "models.ManyToManyField[User, Membership]" = models.ManyToManyField(
        User, through="Membership", related_name="workspaces"
    )

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What somebody may do in a workspace, from the most to the least; each may do what those after it may."""

    OWNER = "owner", "Owner"
    MEMBER = "member", "Member"
    VIEWER = "viewer", "Viewer"

    def includes(self, least: "Role") -> bool:
        """Tell whether somebody of this role may do what takes at least that one."""
        ranked = list(Role)
        return ranked.index(self) <= ranked.index(least)


class Membership(models.Model):
    """One user in one workspace."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="accounts_one_membership"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="accounts_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.workspace} ({self.role})"


class Invitation(models.Model):
    """An invitation: permission for one email address to sign up where sign-up is by invitation."""

    email = models.EmailField(unique=True)
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="invitations")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.email


class WorkspaceInvitation(models.Model):
    """A place in a workspace, offered to one email address: its link works once, and only the link's hash is kept."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="invitations")
    email = models.EmailField(help_text="In lower case.")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(help_text="When the email was last sent.")
    sends = models.PositiveIntegerField(default=1, help_text="How often it was sent.")
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was taken back, or declined by the person invited."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "email"],
                condition=Q(accepted_at=None, ended_at=None),
                name="accounts_one_open_invitation",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.workspace} ({self.role})"

    @property
    def is_open(self) -> bool:
        """Whether its link still works."""
        return self.accepted_at is None and self.ended_at is None and self.expires_at > timezone.now()

    @property
    def has_expired(self) -> bool:
        """Whether it waited for too long; another email renews it."""
        return self.accepted_at is None and self.ended_at is None and self.expires_at <= timezone.now()


class WorkspaceChange(models.Model):
    """One change of who is in a workspace and what they may do there: who made it, whom it is about."""

    class What(models.TextChoices):
        """What changed."""

        INVITED = "invited", "invited"
        SENT_AGAIN = "sent_again", "sent the invitation again to"
        TAKEN_BACK = "taken_back", "took back the invitation of"
        DECLINED = "declined", "declined the invitation"
        JOINED = "joined", "joined"
        ROLE = "role", "changed the role of"
        REMOVED = "removed", "removed"
        LEFT = "left", "left"
        RENAMED = "renamed", "renamed the workspace"
        LIMIT = "limit", "changed the spending limit of"

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="changes")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    what = models.CharField(max_length=20, choices=What)
    about = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    email = models.EmailField(blank=True, help_text="Whom an invitation was for; emptied with the account.")
    detail = models.CharField(max_length=200, blank=True, help_text="From what to what.")

    class Meta:
        indexes = [models.Index(fields=["workspace", "-at"], name="accounts_changes")]

    def __str__(self) -> str:
        return (
            f"{self.at:%Y-%m-%d %H:%M} {self.by} {self.what} {self.about or self.email} {self.detail}".strip()
        )


class SignInLink(models.Model):
    """A link that signs its user in once; only the hash of its token is kept."""

    token_sha256 = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="sign_in_links")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"link for {self.user} until {self.expires_at:%Y-%m-%d %H:%M}"
