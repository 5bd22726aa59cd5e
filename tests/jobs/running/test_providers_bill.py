"""Jobs at a provider that fails in every way and sends its bill: afterwards the books say what the bill says."""

import random
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db.models import Sum

from billing.books.ledger import PROVIDER_PAYABLE, SUSPENSE
from billing.models import Entry, ItemState, ReconciliationItem
from jobs.core.states import ENDED
from jobs.models import Job
from solver.core.money import NANO_PER_CENT, usd_decimal
from solver.engine.calls import attempts
from tests.support.endpoint import Answer, Call, Endpoint
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)

IN_NANO, OUT_NANO = 1_000, 2_000
FAULTS = ["refused", "failed before", "failed after", "cut", "cut within", "uncounted"]


class Biller:
    """A provider with a fault in every other call, that bills what it executed, answered or not."""

    def __init__(self, seed: int) -> None:
        self.chance, self.bill_nano, self.fates = random.Random(seed), 0, set[str]()

    def answer(self, call: Call) -> Answer:
        """Return what becomes of a call."""
        round_, is_answered = divmod(call.number, 2)
        fate = "answered" if is_answered else FAULTS[round_ % len(FAULTS)]
        tokens = self.chance.randrange(5, 60)
        self.fates.add(fate)
        if fate not in {"refused", "failed before"}:
            self.bill_nano += 20 * IN_NANO + tokens * OUT_NANO
        usage = {"prompt_tokens": 20, "completion_tokens": tokens, "total_tokens": 20 + tokens}
        text = f"Answer: {self.chance.randrange(40, 44)}"
        return {
            "answered": Answer(text, usage=usage),
            "refused": Answer(status=429, headers={"retry-after": "0"}),
            "failed before": Answer(status=500),
            "failed after": Answer(status=500),
            "cut": Answer(cut=True),
            "cut within": Answer(text, usage=usage, cut_within="length"),
            "uncounted": Answer(text, usage=None),
        }[fate]


def balance(account: int) -> int:
    return Entry.objects.filter(account=account).aggregate(total=Sum("amount_nano", default=0))["total"]


def test_a_bill_of_a_chaotic_day_ends_all_doubts(
    alice, workspace, endpoint: Endpoint, run_all, tmp_path, monkeypatch
):
    """Suspense falls to nothing and the payable is the bill, and what users were charged stays as it was."""
    for pause in ("_FIRST_BACKOFF_S", "_DOUBT_BACKOFF_S"):
        monkeypatch.setattr(attempts, pause, 0.01)
    biller = Biller(seed=4)
    endpoint.behaviour = biller.answer
    problems = [f"What is {number} times 7?" for number in range(2)]
    jobs = [submit_for(alice, text, budget_nano=5 * NANO_PER_CENT, strategy="vote") for text in problems]
    run_all()
    assert Job.objects.filter(pk__in=[job.pk for job in jobs], state__in=ENDED).count() == len(jobs)
    assert biller.fates == {"answered", *FAULTS}
    assert balance(SUSPENSE) < 0
    assert balance(PROVIDER_PAYABLE) != biller.bill_nano
    charged = list(Job.objects.order_by("pk").values_list("charged_nano", flat=True))
    file = tmp_path / "costs.csv"
    today = datetime.now(tz=UTC).date()
    file.write_text(
        f"date,line_item,amount_value,amount_currency\n{today},test,{usd_decimal(biller.bill_nano)},usd\n"
    )
    call_command("reconcile", report=file, provider="openai", complete=True)
    assert (balance(SUSPENSE), balance(PROVIDER_PAYABLE)) == (0, biller.bill_nano)
    assert ReconciliationItem.objects.get().state == ItemState.CLOSED
    assert list(Job.objects.order_by("pk").values_list("charged_nano", flat=True)) == charged
