"""The journal's statements on real Postgres."""

import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from psycopg.types.json import Jsonb

from billing.models import Price
from jobs.models import StepRecord
from jobs.worker.lease import claim_next
from solver.core.money import NANO_PER_CENT
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_settlement_reads_its_own_step_alone(alice, workspace):
    """However long the journal is, a settlement finds its row by key: a statement costs the same at any length."""
    job = submit_for(alice, "Long?", budget_nano=99 * NANO_PER_CENT, wake=False)
    lease = claim_next("test", job.pk)
    price = Price.objects.filter(model="openai/test").latest("pk")

    def run(name: str, data: dict[str, object]) -> object:
        cursor.execute(f"SELECT {name}(%s, %s, %s)", [job.pk, lease.token, Jsonb(data)])
        return cursor.fetchone()[0]

    # The counters of one transaction; a small table would be read as a whole by choice.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("DISCARD PLANS")
        for number in range(200):
            call = {"id": str(uuid.uuid4()), "key": f"sample/{number}", "attempt": 1, "parents": []}
            opened = run(
                "jobs_open",
                call
                | {
                    "escrow": lease.escrow_id,
                    "workspace": lease.workspace_id,
                    "model": "openai/test",
                    "price": price.pk,
                }
                | {"hold_nano": 100, "prompt_bytes": 10, "max_output_tokens": 10, "kind": "sample"}
                | {"purpose": "", "prompt_sha256": ""},
            )
            assert opened == "held"
            settled = {
                "cost_nano": 9,
                "billed_nano": 9,
                "charged_nano": 9,
                "input": 1,
                "output": 1,
                "tokens": 2,
            }
            texts = {"status": "ok", "text": "", "reasoning": "", "finish_reason": "stop", "provider_ref": ""}
            assert run("jobs_settle", call | settled | texts) is not None
        cursor.execute("SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'jobs_steprecord'")
        [fetched] = cursor.fetchone()
    assert fetched < 200 * 10


def test_a_charge_that_is_not_the_books_is_refused(alice, workspace):
    """What a strategy is told that the user pays is what the books take; a fault of ours stops before it is written."""
    job = submit_for(alice, "Long?", budget_nano=99 * NANO_PER_CENT, wake=False)
    lease = claim_next("test", job.pk)
    price = Price.objects.filter(model="openai/test").latest("pk")
    call = {"id": str(uuid.uuid4()), "key": "sample/0", "attempt": 1, "parents": []}
    owner = {
        "escrow": lease.escrow_id,
        "workspace": lease.workspace_id,
        "model": "openai/test",
        "price": price.pk,
    }
    limits = {"hold_nano": 100, "prompt_bytes": 10, "max_output_tokens": 10}
    facts = {"kind": "sample", "purpose": "", "prompt_sha256": ""}
    texts = {"status": "ok", "text": "", "reasoning": "", "finish_reason": "stop", "provider_ref": ""}
    settled = {"cost_nano": 120, "billed_nano": 150, "input": 1, "output": 1, "tokens": 2, **texts}

    def run(name: str, data: dict[str, object]) -> object:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {name}(%s, %s, %s)", [job.pk, lease.token, Jsonb({**call, **data})])
            return cursor.fetchone()[0]

    assert run("jobs_open", {**owner, **limits, **facts}) == "held"
    with pytest.raises(DatabaseError, match="is charged 100, the engine says 150"):
        run("jobs_settle", {**settled, "charged_nano": 150})
    assert run("jobs_settle", {**settled, "charged_nano": 100}) is not None
    assert StepRecord.objects.get(pk=call["id"]).charged_nano == 100
