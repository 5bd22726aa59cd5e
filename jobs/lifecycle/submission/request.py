"""What is asked for when a job is submitted, and what of it can be checked without prices and wallets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.access import role_in
from accounts.models import Role, User, Workspace
from files.errors import FileError
from files.models import Attachment
from files.store import check_together, read_files
from jobs.core.code_checks import why_not_offered
from jobs.core.errors import SubmitError
from jobs.core.options import NOTHING_CHOSEN, JobOptions
from jobs.core.tags import checked_tags
from jobs.lifecycle.submission.files import told_files
from jobs.lifecycle.submission.follow_up import earlier_of
from jobs.lifecycle.submission.problem_text import checked_problem
from jobs.models import Job
from solver.checkers import BaseChecker, pose
from solver.core.money import NANO_PER_CENT, format_usd
from solver.core.problem.attached import AttachedFile
from solver.core.problem.earlier import Earlier
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.strategies import DEFAULT, REGISTRY, current_name, strategy_for

MIN_BUDGET_NANO = NANO_PER_CENT
LEAST_TIME = timedelta(minutes=1)
LONGEST_SCHEDULE = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """One problem with one budget, from form, terminal or program.

    What is made of it has the id `request_id`, such as that of a draft: sent twice, it is one job or one comparison.
    `when_paid` lets the job wait for money if the wallet has too little. `follows` is an ended job whose problem and
    answer go along as context. `files` are of the same workspace.
    """

    user: User
    workspace: Workspace
    problem: str
    budget_nano: int
    checker: BaseChecker | None = None
    strategy: str = DEFAULT
    options: JobOptions = NOTHING_CHOSEN
    deadline_at: datetime | None = None
    not_before_at: datetime | None = None
    parent: Job | None = None
    follows: Job | None = None
    files: tuple[Attachment, ...] = ()
    tags: tuple[str, ...] = ()
    request_id: UUID | None = None
    when_paid: bool = False

    def checked(self) -> Self:
        """Return the request with its problem as it is stored. Raises SubmitError for what no job can have."""
        refuse_readers(self.user, self.workspace)
        problem = checked_problem(self.problem)
        check_budget(self.budget_nano)
        _check_times(self.deadline_at, self.not_before_at)
        strategy = current_name(self.strategy)
        if strategy not in REGISTRY:
            raise SubmitError(
                f"Strategy “{self.strategy[:40]}” is unknown. Known: {', '.join(REGISTRY)}.",
                field="strategy",
                code="unknown_strategy",
            )
        self.options.check()
        try:
            check_together(self.files)
        except FileError as error:
            raise SubmitError(str(error), field="attached", code="files") from error
        check_result(self.options.result, self.checker)
        if why := why_not_offered(self.checker):
            raise SubmitError(why, field="checker", code="cannot_run_code")
        return replace(self, problem=problem, strategy=strategy, tags=checked_tags(self.tags))

    def earlier(self) -> Earlier | None:
        """Return what the problem follows up on; of a job that is run again what it was told then. Raises SubmitError."""
        if self.follows is None:
            return None
        kept = self.parent.context if self.parent and self.parent.follows_id == self.follows.pk else {}
        return Earlier.from_json(kept) or earlier_of(self.follows)

    def told_files(self) -> tuple[AttachedFile, ...]:
        """Return what of the files models are told. Raises SubmitError."""
        earlier = self.earlier()
        return told_files(
            read_files(self.files),
            problem=self.problem,
            posed=lambda told: pose(self.problem, self.checker, self.options.result, earlier, told),
            models=self.options.models,
            budget_nano=self.budget_nano,
        )

    def posed(self, told: Sequence[AttachedFile] | None = None) -> Problem:
        """Return the problem as models are asked it, with what they are told of its files. Raises SubmitError."""
        told = self.told_files() if told is None else told
        return pose(self.problem, self.checker, self.options.result, self.earlier(), told)

    def is_met_by(self, job: Job) -> bool:
        """Tell whether a job that was submitted before, and not raised since, is what is asked for here."""
        return (
            job.problem == self.problem.strip()
            and job.version == 1
            and job.budget_nano == self.budget_nano
            and job.checker == (self.checker.to_json() if self.checker else {})
            and job.strategy == strategy_for(self.strategy, job.result_kind)
            and job.options == self.options.to_json()
            and [each["sha256"] for each in job.files] == [file.sha256 for file in self.files]
            and job.follows_id == (self.follows.pk if self.follows else None)
            and (job.not_before_at, job.deadline_at) == (self.not_before_at, self.deadline_at)
        )


def refuse_readers(user: User, workspace: Workspace) -> None:
    """Raise SubmitError for a user who may not submit jobs in a workspace."""
    role = role_in(user, workspace)
    if role is None:
        raise SubmitError("You are no longer a member of the workspace that pays for it.", code="role")
    if not role.includes(Role.MEMBER):
        raise SubmitError(
            "You can read what is in this workspace, but not start jobs. Ask an owner to make you a member, or switch "
            "to another workspace.",
            code="role",
        )


def check_result(result: ResultKind | None, checker: BaseChecker | None) -> None:
    """Raise SubmitError for a checker that cannot check what should come back."""
    if result and checker and checker.result and checker.result is not result:
        raise SubmitError(
            f"“{checker.title}” cannot check what should come back, which is “{result.label}”. Choose "
            f"“{checker.result.label}” or automatic, or check the answer in another way.",
            field="result",
            code="result_and_checker",
        )


def check_budget(budget_nano: int) -> None:
    """Raise SubmitError for a budget that is not in whole cents, or out of range."""
    maximum = settings.PONDER_MAX_BUDGET_NANO
    if not MIN_BUDGET_NANO <= budget_nano <= maximum or budget_nano % NANO_PER_CENT:
        raise SubmitError(
            f"Enter a budget between {format_usd(MIN_BUDGET_NANO)} and {format_usd(maximum)}, in whole cents.",
            field="budget",
            code="out_of_range",
        )


def _check_times(deadline_at: datetime | None, not_before_at: datetime | None) -> None:
    """Raise SubmitError for a deadline that leaves no time, or a start too far ahead."""
    now = timezone.now()
    begins = max(now, not_before_at or now)
    if deadline_at and deadline_at < begins + LEAST_TIME:
        raise SubmitError(
            "The deadline leaves no time: choose one at least a minute after the start.",
            field="deadline",
            code="deadline_too_early",
        )
    if begins > now + LONGEST_SCHEDULE:
        raise SubmitError(
            f"A job can be scheduled at most {LONGEST_SCHEDULE.days} days ahead.",
            field="not_before",
            code="too_far",
        )
