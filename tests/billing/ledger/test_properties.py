"""Random lives of a job: whatever happens in whatever order, the books balance and the budget holds."""

import uuid

from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User
from accounts.services import ensure_personal_workspace
from billing.books.audit import violations
from billing.books.escrow import add_to_escrow
from billing.books.wallet import balances, grant
from billing.models import AccountKind, Call, SpendingStop, StopScope
from billing.stops import lift
from tests.billing.books import doubt, settle, sql, start_job, void
from tests.support.quick_audit import breaks_a_promise

WALLET, TRIAL = 1_000, 500
AMOUNTS = st.integers(0, 400)
STATES = {"settled", "overrun", "void", "in_doubt"}


class JobLife(RuleBasedStateMachine):
    """One job against a model of it in plain Python."""

    calls = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        user = User.objects.create_user(f"{uuid.uuid4()}@example.org")
        self.workspace = ensure_personal_workspace(user)
        grant(workspace=self.workspace, amount_nano=WALLET, by=None, reason="test")
        grant(workspace=self.workspace, amount_nano=TRIAL, by=None, reason="test", to_trial=True)
        self.job = start_job(self.workspace, 900)
        self.budget, self.charged, self.raises, self.closed = 900, 0, 0, None
        self.aside = False  # the model, once a call cost more than its hold
        SpendingStop.objects.filter(lifted_at=None).update(lifted_at=timezone.now())
        self.holds: dict[uuid.UUID, int] = {}
        self.doubts: dict[uuid.UUID, int] = {}

    @rule(target=calls, nano=AMOUNTS)
    def hold(self, nano):
        call, said = self.job.hold(nano)
        room = self.budget - self.charged - sum(self.holds.values()) - sum(self.doubts.values())
        fits = self.closed is None and nano <= room
        assert said == ("suspended" if self.aside else "held" if fits else "refused")
        if said == "held":
            self.holds[call] = nano
        return call

    @rule(call=calls, billed=AMOUNTS, cost=AMOUNTS)
    def settle(self, call, billed, cost):
        said = settle(call, billed, cost)
        if call in self.holds:
            held = self.holds.pop(call)
            assert said == ("overrun" if billed > held else "settled")
            self.aside = self.aside or billed > held
            self.charged += min(billed, held)
        else:
            assert said in STATES | {"unknown"}

    @precondition(lambda self: self.aside)
    @rule()
    def lift(self):
        assert SpendingStop.objects.filter(lifted_at=None).count() == 1
        lift(StopScope.MODEL, "demo/intern", reason="test", by=None)
        self.aside = False

    @rule(call=consumes(calls))
    def void(self, call):
        void(call)
        self.holds.pop(call, None)

    @rule(call=calls)
    def doubt(self, call):
        doubt(call)
        if call in self.holds:
            self.doubts[call] = self.holds.pop(call)

    @rule()
    def take_over(self):
        self.job.token += 1
        assert sql("SELECT billing_doubt_stale(%s, %s)", self.job.job_id, self.job.token) == len(self.holds)
        self.doubts |= self.holds
        self.holds.clear()

    @precondition(lambda self: self.closed is None and self.budget == 900)
    @rule(amount=st.integers(1, 100))
    def raise_budget(self, amount):
        self.raises += 1
        for _ in range(2):
            add_to_escrow(
                job_id=self.job.job_id,
                version=1,
                amount_nano=amount,
                trial_allowed=True,
                key=str(self.raises),
            )
        self.budget += amount

    @rule()
    def close(self):
        settlement = self.job.close()
        if self.closed is None:
            self.doubts |= self.holds
            self.holds.clear()
            assert settlement.returned_nano == self.budget - self.charged
            assert settlement.in_doubt_nano == sum(self.doubts.values())
            self.closed = settlement
        assert settlement == self.closed
        assert settlement.charged_nano == self.charged <= self.budget

    def teardown(self):
        assert not breaks_a_promise(), violations()

    @invariant()
    def money_is_where_the_model_says(self):
        escrow = (0, 0)
        if self.closed is None:
            escrow = (self.budget - self.charged, sum(self.holds.values()) + sum(self.doubts.values()))
        assert self.job.state == escrow
        now = balances(self.workspace)
        assert now.available_nano + now.held_nano + self.charged == WALLET + TRIAL
        if self.closed is not None:
            # Trial credit pays first, so paid money is touched only beyond it.
            assert now.trial_nano == max(TRIAL - self.charged, 0)


def test_any_life_of_a_job_keeps_the_books(db, settings):
    """Holds, settlements, overruns, voids, doubts, takeovers, raises and ends in any order, against a model of them."""
    settings.PONDER_TRIAL_CREDIT_NANO = 0
    run_state_machine_as_test(JobLife, settings=_settings(25, 20))
    assert sql("SELECT sum(amount_nano) FROM billing_entry") in {0, None}
    assert not Call.objects.filter(billed_nano__gt=10_000).exists()


def test_what_was_put_in_comes_back_to_where_it_came_from(db, settings):
    """For any trial credit, budget and charge: wallet and trial credit end as if the charge came from trial first."""
    settings.PONDER_TRIAL_CREDIT_NANO = 0

    @_settings(20, 50)
    @given(trial=st.integers(0, 100), budget=st.integers(1, 150), share=st.integers(0, 100))
    def returns(trial, budget, share):
        workspace = ensure_personal_workspace(User.objects.create_user(f"{uuid.uuid4()}@example.org"))
        grant(workspace=workspace, amount_nano=200, by=None, reason="test")
        if trial:
            grant(workspace=workspace, amount_nano=trial, by=None, reason="test", to_trial=True)
        job = start_job(workspace, budget)
        charge = budget * share // 100
        call, _ = job.hold(charge)
        settle(call, charge)
        job.close()
        from_trial = min(charge, trial, budget)
        assert workspace.accounts.get(kind=AccountKind.TRIAL).balance_nano == trial - from_trial
        assert workspace.accounts.get(kind=AccountKind.WALLET).balance_nano == 200 - (charge - from_trial)

    returns()
    assert not breaks_a_promise(), violations()


def _settings(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.filter_too_much,
            HealthCheck.function_scoped_fixture,
        ],
    )
