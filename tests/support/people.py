"""The cast and their belongings: Alice owns, Bob is in her workspace, Charlie must get nothing.

Jobs are as a worker would have left them, so that pages can be looked at without one. Their money went through the
ledger (tests/support/books_of_jobs.py), so the books of a test that uses them are audited like any other's.
"""

from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import Membership, User, Workspace
from accounts.services import ensure_personal_workspace
from jobs.core.states import ENDED, JobState
from jobs.lifecycle import JobRequest, submit_job
from jobs.models import Comparison, Job
from jobs.presenters.search.journal import marks_of
from jobs.presenters.search.outline import outline_of
from solver.core.money import NANO_PER_CENT
from tests.support.books_of_jobs import book_attempts, end, fund, hold_one, note_messages

PROBLEM = "Use 3, 7, 12, 25 to make 58."
CHECKER = {"kind": "arithmetic", "numbers": [3, 7, 12, 25], "target": 58}
ANSWERS = ["25 + 12 + 7 * 3", "7 * 3 + 25 + 12", "(25 - 7) * 3 + 12", "12 * 3 + 25 - 7", "25 * 3 - 12 - 7"]
MATHS = r"""The gap satisfies $\lambda_2 \le 2\sqrt{d-1} + o(1)$, by the trace method:

\[
\mathbb{E}\,\mathrm{tr}(A^{2k}) \le n\,(2\sqrt{d-1})^{2k}\,k^{O(1)}
\]

| d | bound |
|---|---|
| 3 | 2.8284 |
| 4 | 3.4641 |

```python
def gap(n: int, d: int) -> float:
    # The second eigenvalue of a random lift.
    return 2 * (d - 1) ** 0.5
```

Take $k \sim \log n$.[^1]

[^1]: As Friedman does.
"""


def make_user(email: str, *, staff: bool = False, workspace: Workspace | None = None) -> User:
    """Make a person with a verified address and a workspace of their own, or a place in one."""
    user = User.objects.create_user(
        email, name=email.split("@", maxsplit=1)[0].title(), is_staff=staff, is_superuser=staff
    )
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    if workspace:
        Membership.objects.create(workspace=workspace, user=user)
    else:
        ensure_personal_workspace(user)
    return user


def workspace_of(user: User) -> Workspace:
    """Return the user's first workspace."""
    return Membership.objects.filter(user=user).order_by("pk")[0].workspace


def request_for(user: User, problem: str, **fields: Any) -> JobRequest:
    """Return what the user asks for, in their own workspace and for a cent unless told otherwise."""
    workspace = fields.pop("workspace", None) or ensure_personal_workspace(user)
    return JobRequest(
        **{"budget_nano": NANO_PER_CENT} | fields, user=user, workspace=workspace, problem=problem
    )


def submit_for(user: User, problem: str, *, wake: bool = True, **fields: Any) -> Job:
    """Submit a job as pages do. Raises SubmitError."""
    return submit_job(request_for(user, problem, **fields), wake=wake)


def make_job(
    user: User,
    state: str = JobState.DONE,
    *,
    spent_cents: int = 3,
    spent_nano: int | None = None,
    budget_cents: int = 5,
    attempts: int = 1,
    solved: bool = True,
    **fields: Any,
) -> Job:
    """Make a job in any state, with its escrow where it has one, and with so many attempts if it spent something."""
    if state in {JobState.DRAFT, JobState.AWAITING_PAYMENT}:
        return _make_unpaid(user, state, budget_cents=budget_cents, **fields)
    ended, now = state in ENDED, timezone.now()
    spent_nano = spent_cents * NANO_PER_CENT if spent_nano is None else spent_nano
    defaults: dict[str, Any] = {
        "title": PROBLEM,
        "problem": PROBLEM,
        "checker": CHECKER,
        "queued_at": now - timedelta(minutes=15),
        "started_at": None if state == JobState.QUEUED else now - timedelta(minutes=14),
        "finished_at": now - timedelta(minutes=2) if ended else None,
        "charged_nano": spent_nano if ended else 0,
        "state": state,
        "stop_reason": _REASONS.get(JobState(state), ""),
    }
    job = Job.objects.create(
        workspace=workspace_of(user),
        created_by=user,
        budget_nano=budget_cents * NANO_PER_CENT,
        **defaults | fields,
    )
    job.escrow = fund(job)
    job.save(update_fields=["escrow"])
    if spent_nano:
        answers = [ANSWERS[number % 5 if number % 3 else 0] for number in range(attempts)]
        book_attempts(job, spent_nano, answers=answers, right=ANSWERS[0] if solved else None)
    if state == JobState.RUNNING:
        hold_one(job, NANO_PER_CENT // 2)
    if ended:
        end(job)
        job.outline = outline_of(*marks_of(job))
        job.save(update_fields=["outline"])
    note_messages(job, job.version - (not ended))
    job.escrow.refresh_from_db()
    return job


def _make_unpaid(user: User, state: str, *, budget_cents: int, **fields: Any) -> Job:
    defaults = {"title": PROBLEM, "problem": PROBLEM, "queued_at": timezone.now()}
    return Job.objects.create(
        workspace=workspace_of(user),
        created_by=user,
        state=state,
        budget_nano=0 if state == JobState.DRAFT else budget_cents * NANO_PER_CENT,
        **defaults | fields,
    )


def make_comparison(
    user: User,
    state: str = JobState.DONE,
    *,
    spent_nano: tuple[int, int] = (2 * NANO_PER_CENT, 20 * NANO_PER_CENT),
    **fields: Any,
) -> Comparison:
    """Make both sides of a comparison in the same state, the strong model ten times as expensive unless told."""
    many_cheap, few_strong = (
        make_job(user, state, spent_nano=spent, budget_cents=50, options={"models": [model]}, **fields)
        for spent, model in zip(spent_nano, ("demo/intern", "demo/expert"), strict=True)
    )
    return Comparison.objects.create(
        workspace=many_cheap.workspace, created_by=user, many_cheap=many_cheap, few_strong=few_strong
    )


_REASONS = {
    JobState.DONE: "solved",
    JobState.EXHAUSTED: "budget_reached",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
}
SOLVED: dict[str, Any] = {
    "answer": ANSWERS[0],
    "answer_text": f"12 + 7 * 3 = 33\n25 + 33 = 58\n\nAnswer: {ANSWERS[0]}",
    "confidence": 1.0,
    "explanation": "A checker confirmed it after 23 attempts.",
    "checked": "✓ 25 + 12 + 7 * 3 = 58, with each number used once.",
    "dissent": [],
}


def question(**fields: Any) -> dict[str, Any]:
    """Return an open question about an unclear problem, as a job keeps it, unless told otherwise."""
    now = timezone.now()
    return {
        "key": "question", "version": 1, "text": "In <b>which</b> unit?", "suggestions": ["Metres", "Feet"],
        "cost_nano": 0, "purpose": "", "model": "", "asked_at": now.isoformat(),
        "until": (now + timedelta(days=1)).isoformat(), "how": "", "answer": "", "answered_at": "", "by_id": None,
    } | fields  # fmt: skip


def one_job_of_each_state(user: User) -> dict[str, Job]:
    """Make a job in each state that people meet, and two with difficult texts."""
    best = {
        "answer": ANSWERS[0],
        "text": "",
        "confidence": 0.62,
        "explanation": "4 of 9 attempts gave this answer.",
    }
    return {
        "queued": make_job(user, JobState.QUEUED, spent_cents=0),
        "running": make_job(
            user,
            JobState.RUNNING,
            attempts=23,
            spent_cents=312,
            budget_cents=500,
            best=best,
            phase="Explore — 23 tries, 5 answers",
        ),
        "near": make_job(
            user, JobState.RUNNING, attempts=23, spent_cents=450, budget_cents=500, best=best, phase="Explore"
        ),
        "waiting": make_job(user, JobState.WAITING, spent_cents=1),
        "asking": make_job(
            user,
            JobState.ASKING,
            spent_cents=0,
            questions=[question(suggestions=["Metres", "x" * 160, "as the drawing has it " * 7])],
        ),
        "paused": make_job(user, JobState.PAUSED, best=best, wanted="pause"),
        "scheduled": make_job(
            user,
            JobState.QUEUED,
            spent_cents=0,
            not_before_at=timezone.now() + timedelta(hours=2),
            deadline_at=timezone.now() + timedelta(hours=9),
        ),
        "awaiting": make_job(user, JobState.AWAITING_PAYMENT, spent_cents=0),
        "draft": make_job(user, JobState.DRAFT, spent_cents=0, form={"budget": "5"}),
        "done": make_job(user, JobState.DONE, attempts=23, **SOLVED),
        "exhausted": make_job(
            user,
            JobState.EXHAUSTED,
            attempts=23,
            spent_cents=5,
            **SOLVED | {"confidence": 0.41, "checked": "", "dissent": [{"answer": ANSWERS[1], "votes": 3}]},
        ),
        "failed": make_job(
            user,
            JobState.FAILED,
            spent_cents=0,
            error="No model answers. Start the model server, then run the job again.",
        ),
        "cancelled": make_job(user, JobState.CANCELLED, spent_cents=1),
        "maths": make_job(
            user,
            JobState.DONE,
            attempts=23,
            title="Bounding the spectral gap of a random lift",
            problem=r"Bound $\lambda_2$ of a random $n$-lift of a $d$-regular graph.",
            checker={},
            answer=r"2\sqrt{d-1} + o(1)",
            answer_text=MATHS,
            confidence=0.93,
            stop_reason="confident",
            explanation="14 of 17 attempts gave this answer.",
            dissent=[{"answer": "2\\sqrt{d}", "votes": 2}, {"answer": "d - 1", "votes": 1}],
        ),
        "long": make_job(
            user,
            JobState.DONE,
            attempts=60,
            solved=False,
            title="A" * 120,
            problem="word " * 4000 + "x" * 3000,
            checker={},
            answer="9^{9^{9^{9}}}",
            answer_text="nothing but text " * 3000
            + "\n\n```\n"
            + "y" * 900
            + "\n```\n\n$$"
            + "a+" * 100
            + "b$$",
            confidence=0.5,
        ),
    }
