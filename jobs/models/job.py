"""One problem, one budget, one answer."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from jobs.core.states import (
    CLAIMABLE,
    CONTINUABLE_REASONS,
    ENDED,
    JobState,
    UserVerdict,
    Wanted,
    sources_of,
    stop_reason_words,
)
from jobs.core.tags import MAX_TAG_CHARS
from solver.core.problem.result_kind import ResultKind
from solver.inference.explanation import FAILED


class JobQuerySet(models.QuerySet["Job"]):
    """Ways to ask for jobs; every page goes through `visible_to`."""

    def visible_to(self, user: User) -> Self:
        """Jobs of the workspaces the user is a member of, and the user's own drafts."""
        return self.filter(
            ~Q(state=JobState.DRAFT) | Q(created_by_id=user.pk), workspace__memberships__user_id=user.pk
        )

    def with_reader_role(self) -> Self:
        """Of jobs visible to a user: each with the user's role in its workspace, as `reader_role`."""
        return self.annotate(reader_role=F("workspace__memberships__role"))


class Job(models.Model):
    """A job. Money columns are integer nano-USD; the escrow account in billing is the only budget counter."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", models.PROTECT, related_name="jobs")
    created_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="jobs")

    title = models.CharField(max_length=120)
    tags = ArrayField(models.CharField(max_length=MAX_TAG_CHARS), default=list, db_default=[], blank=True)
    problem = models.TextField()
    checker = models.JSONField(
        default=dict, blank=True, help_text='Such as {"kind": "arithmetic", "numbers": […], "target": 58}.'
    )
    strategy = models.CharField(max_length=30, default="auto")
    options = models.JSONField(
        default=dict,
        blank=True,
        help_text="What the user chose: models, confidence target, value of a correct answer.",
    )
    pinned = models.JSONField(
        default=dict,
        blank=True,
        help_text="Models with prices and abilities, seed, parameters of inference: fixed at the start.",
    )
    budget_nano = models.BigIntegerField(
        help_text="The whole budget, raises included; 0 for a draft without one."
    )
    markup_bp = models.PositiveIntegerField(default=0)
    deadline_at = models.DateTimeField(null=True, blank=True)
    not_before_at = models.DateTimeField(
        null=True, blank=True, help_text="The start time that the user chose."
    )
    parent = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="reruns",
        help_text="The job that this one runs again.",
    )
    follows = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="follow_ups",
        help_text="The job that this one follows up on.",
    )
    context = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        help_text="The problem and the answer that it follows up on, as models are told them: {problem, answer, remark}.",
    )
    files = models.JSONField(
        default=list,
        db_default=[],
        blank=True,
        help_text="What models are told of its files: [{name, summary, passages: [{where, text}], is_whole, sha256}].",
    )
    form = models.JSONField(default=dict, blank=True, help_text="The fields of a draft's form.")
    hints = models.JSONField(
        default=list,
        db_default=[],
        blank=True,
        help_text="What a person added while it went on, in order: [{text, starts_afresh, at, by_id}].",
    )

    questions = models.JSONField(
        default=list,
        db_default=[],
        blank=True,
        help_text="What it asked its person, in order; only the last may be open (jobs/lifecycle/questions.py).",
    )

    version = models.PositiveIntegerField(
        default=1, help_text="Incremented when an ended job is continued with more budget."
    )
    escrow = models.ForeignKey("billing.Account", models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=20, choices=JobState, default=JobState.QUEUED)
    wanted = models.CharField(max_length=10, choices=Wanted, default=Wanted.RUN)
    stop_reason = models.CharField(max_length=20, blank=True)
    error = models.CharField(
        max_length=500, blank=True, help_text="Shown to the user: what went wrong and what to do."
    )

    token = models.BigIntegerField(default=0, help_text="Fencing token: incremented by every claim.")
    owner = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    idle_claims = models.PositiveIntegerField(default=0, help_text="Claims since the journal last grew.")
    waits = models.PositiveIntegerField(
        default=0, help_text="Waits for a provider since the journal last grew."
    )
    next_at = models.DateTimeField(
        null=True, blank=True, help_text="No worker takes the job before this time."
    )

    created_at = models.DateTimeField(auto_now_add=True)
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    best = models.JSONField(
        default=dict, blank=True, help_text="Best answer so far: answer, text, confidence, evidence."
    )
    phase = models.CharField(max_length=120, blank=True)
    answer = models.TextField(blank=True)
    answer_text = models.TextField(blank=True, help_text="The whole reply or write-up, Markdown with maths.")
    confidence = models.FloatField(null=True, blank=True)
    explanation = models.CharField(
        max_length=500, blank=True, help_text="One sentence: where the confidence comes from."
    )
    checked = models.CharField(
        max_length=300, blank=True, help_text="What was checked, in words; empty if nothing was."
    )
    dissent = models.JSONField(default=list, blank=True, help_text="Other answers: [{answer, votes}].")
    rubric = models.JSONField(
        default=list,
        db_default=[],
        blank=True,
        help_text="What a judge said of the text by the user's rubric: [{points, text, is_met, reason}].",
    )
    user_verdict = models.CharField(
        max_length=10,
        choices=UserVerdict,
        blank=True,
        default="",
        db_default="",
        help_text="What a person said of the answer that the job ended with; empty: nothing.",
    )
    user_verdict_at = models.DateTimeField(null=True, blank=True)
    outline = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        help_text="The small picture of the search, without texts; set at the end.",
    )
    charged_nano = models.BigIntegerField(default=0, help_text="Set at the end; until then see the escrow.")
    calls = models.PositiveIntegerField(default=0, help_text="Number of settled calls; set at the end.")
    programs_run = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How many programs the sandbox ran; set at the end."
    )
    programs_cpu_ms = models.BigIntegerField(
        default=0, db_default=0, help_text="What these programs used of a processor; set at the end."
    )

    texts_deleted_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the problem, replies and answer were deleted; amounts are kept.",
    )

    objects: ClassVar[models.Manager["Job"]] = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(budget_nano__gt=0) | Q(state=JobState.DRAFT, budget_nano=0),
                name="jobs_budget_positive",
            ),
            models.CheckConstraint(
                condition=Q(charged_nano__lte=models.F("budget_nano")), name="jobs_within_budget"
            ),
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="jobs_state_known"),
            # Without its journal a job cannot go on.
            models.CheckConstraint(
                condition=Q(texts_deleted_at=None) | Q(state__in=sorted(ENDED)),
                name="jobs_without_texts_ended",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="jobs_by_workspace"),
            models.Index(
                fields=["queued_at"], condition=Q(state__in=sorted(CLAIMABLE)), name="jobs_claimable"
            ),
            models.Index(
                fields=["created_by", "state"],
                condition=~Q(state__in=sorted(ENDED)),
                name="jobs_open_by_user",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the address of the job's page, or of the form that holds a draft."""
        if self.state == JobState.DRAFT:
            return f"{reverse('job-new')}?draft={self.pk}"
        return reverse("job-detail", args=[self.pk])

    @property
    def has_ended(self) -> bool:
        """Whether the job has its receipt."""
        return self.state in ENDED

    @property
    def is_scheduled(self) -> bool:
        """Whether the job waits for the start that its user chose."""
        return (
            self.state == JobState.QUEUED
            and self.not_before_at is not None
            and self.not_before_at > timezone.now()
        )

    @property
    def may_continue(self) -> bool:
        """Whether the ended job can continue from where it stopped, given more money."""
        return (
            bool(sources_of(JobState.QUEUED) & ENDED & {self.state})
            and self.stop_reason in CONTINUABLE_REASONS
            and self.texts_deleted_at is None
        )

    @property
    def has_result(self) -> bool:
        """Whether there is an answer, which a person can judge, share and follow up on."""
        return self.has_ended and self.texts_deleted_at is None and bool(self.answer or self.answer_text)

    @property
    def is_guess(self) -> bool:
        """Whether the job ended with an answer that is not to be relied on.

        A short one is too uncertain (PONDER_RELIABLE_PERCENT); code and data have no percentage, but were refuted.
        """
        if not (self.has_ended and self.answer) or self.result_kind is ResultKind.TEXT:
            return False
        if self.result_kind.is_short:
            return 100 * (self.confidence or 0.0) < settings.PONDER_RELIABLE_PERCENT
        return self.checked.startswith(FAILED)

    @property
    def is_untested(self) -> bool:
        """Whether the job delivers a program that passed no test and no example."""
        is_code = self.has_ended and bool(self.answer) and self.result_kind is ResultKind.CODE
        return is_code and not self.checked

    @property
    def is_unproven(self) -> bool:
        """Whether the job ended with an answer that must not look like a proven one."""
        return self.is_untested or self.is_guess

    @property
    def result_kind(self) -> ResultKind:
        """What should come back; of a job of an earlier release, or a later one, a short answer."""
        said = self.pinned.get("result")
        return ResultKind(said) if said in set(ResultKind) else ResultKind.ANSWER

    @property
    def has_bundled_panel(self) -> bool:
        """Whether only bundled demo models were to work on it."""
        panel = self.pinned.get("panel") or [{}]
        return all(card.get("bundled", False) for card in panel)

    @property
    def has_bundled_writer(self) -> bool:
        """Whether only bundled models were to work on it, the one among them that writes prose."""
        panel = self.pinned.get("panel") or [{}]
        return self.has_bundled_panel and any(card.get("writes_prose") for card in panel)

    @property
    def stop_reason_words(self) -> str:
        """The stop reason as a sentence, or nothing while the job runs."""
        return stop_reason_words(
            self.stop_reason,
            budget_nano=self.budget_nano,
            confidence=self.confidence,
            result=self.result_kind,
        )
