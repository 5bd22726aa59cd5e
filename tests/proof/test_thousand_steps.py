"""A job of a thousand steps, killed at a hundred, ends as the undisturbed one; no settled step is bought again."""

import json
import os
import random
from collections import Counter
from pathlib import Path

import pytest
from django.db.models import Max, Q

from billing.models import Call, CallState
from jobs.core.options import JobOptions
from jobs.core.states import ENDED, JobState
from jobs.models import Job, OutboxMessage
from jobs.upkeep.audit import violations
from solver.core.money import NANO_PER_USD
from tests.proof.conftest import LONG
from tests.proof.crash_runner import CRASHED, MOMENTS, NOT_CLAIMED
from tests.proof.replies import reply
from tests.proof.test_crash_points import run, told
from tests.support.endpoint import Answer
from tests.support.people import submit_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.proof]

STEPS, KILLS = (1_000, 100) if LONG else (120, 8)
SEED = 29


def submit(alice, workspace) -> Job:
    """Submit a vote that goes on until it has made its tries. Replies depend on problem and step alone."""
    job = submit_for(
        alice, "Compute (17 * 4 + 9) mod 53.", budget_nano=20 * NANO_PER_USD, strategy="vote", wake=False,
        options=JobOptions(max_tries=STEPS, is_never_sure=True),
    )  # fmt: skip
    Job.objects.filter(pk=job.pk).update(pinned=job.pinned | {"seed": SEED})
    return job


def bought_again(job: Job) -> list[str]:
    """Return the keys of which an attempt was made after one was settled."""
    attempts = Call.objects.filter(job_id=job.pk).values("step_key")
    ends = attempts.annotate(last=Max("attempt"), good=Max("attempt", filter=Q(state=CallState.SETTLED)))
    return [end["step_key"] for end in ends if end["good"] is not None and end["last"] > end["good"]]


def test_a_job_killed_again_and_again_ends_as_if_undisturbed(alice, workspace, seeded, tmp_path):
    """One call in flight, replies by key: same answer, same journal, same charge; repeated are only calls in flight."""
    usage = {"prompt_tokens": 60, "completion_tokens": 40, "total_tokens": 100}
    seeded.behaviour = lambda call: Answer(reply(call.prompt, call.body["seed"], ability=0.4), usage=usage)
    whole, killed = submit(alice, workspace), submit(alice, workspace)
    rng = random.Random(SEED)
    # Two commits a step: on average an execution makes its share of the steps.
    most = round(1.8 * 2 * STEPS / KILLS)
    places = [(rng.randint(1, most), rng.choice(MOMENTS)) for _ in range(KILLS)]
    undisturbed, disturbed = run(tmp_path, [(whole, []), (killed, places)])
    whole.refresh_from_db()
    killed.refresh_from_db()
    where = f"{undisturbed} {disturbed} {(tmp_path / 'log').read_text()[-3000:]}"
    statuses = Counter(disturbed["statuses"])
    kills = statuses[CRASHED]
    assert set(statuses) <= {CRASHED, NOT_CLAIMED, 0}, where
    assert kills >= KILLS * 3 // 4, where
    assert whole.state == killed.state == JobState.DONE, where
    assert whole.state in ENDED
    assert whole.calls == killed.calls == STEPS
    assert (killed.answer, killed.charged_nano) == (whole.answer, whole.charged_nano)
    assert told(killed) == told(whole)
    assert bought_again(killed) == []
    doubtful = Call.objects.filter(job_id=killed.pk, state=CallState.IN_DOUBT).count()
    requests = Counter(call.body["seed"] for call in seeded.calls)
    # The undisturbed job asked once for each step, and both jobs ask with the same seeds.
    repeated = sum(requests.values()) - 2 * STEPS
    assert len(requests) == STEPS
    assert 0 <= repeated <= doubtful <= kills
    assert OutboxMessage.objects.filter(job=killed).count() == 1
    assert violations() == []
    if directory := os.environ.get("PONDER_PROOF_REPORTS"):
        report = {
            "command": "PONDER_PROOF=long PONDER_PROOF_REPORTS=docs/proofs pytest tests/proof/test_thousand_steps.py",
            "steps": STEPS, "kills": kills, "executions": kills + 1, "settled_calls": killed.calls,
            "settled_steps_bought_again": 0, "calls_in_doubt": doubtful, "requests_repeated": repeated,
            "same_answer": True, "same_journal": True, "same_charge": True, "violations": 0,
        }  # fmt: skip
        (Path(directory) / "thousand_steps.json").write_text(json.dumps(report, indent=2) + "\n")
