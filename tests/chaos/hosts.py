"""Several hosts: `python -m tests.chaos.hosts --cuts 1`; the last line of its output is one JSON object.

PostgreSQL and Redis listen on TCP with a password; workers run on hosts of their own (network.py). Again and again one
host loses its cable to the services in mid-job while it still reaches the provider. The others must take its jobs over
within the lease and fifteen seconds; it must make no call once its leases have run out, write nothing when it comes
back, and work again after that.
"""

import argparse
import asyncio
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from aiohttp import web

from reasoning_app.embedded import commands
from reasoning_app.embedded.child import Child
from reasoning_app.embedded.stores.postgres import Postgres
from tests.chaos.network import PROVIDER, SERVICES, Network, impossible_because, inside
from tests.processes import prepared
from tests.processes.services import plain_environment
from tests.processes.zygote import Forked, Zygote

PATIENCE_S = 400.0
DEAL_S = 10.0
JOBS_A_HOST = 4


class Provider:
    """Answers after a moment and notes from which host each request came, and when (seconds of the wall clock)."""

    def __init__(self, namespace: str) -> None:
        self.arrivals: list[tuple[float, str]] = []
        self._loop = asyncio.new_event_loop()
        self._namespace = namespace
        threading.Thread(target=self._run, name="provider", daemon=True).start()
        self.port: int = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(60)

    def _run(self) -> None:
        with inside(self._namespace):
            self._loop.run_forever()

    async def _serve(self) -> int:
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_post("/v1/chat/completions", self._complete)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, PROVIDER, 0, backlog=1024).start()
        port: int = runner.addresses[0][1]
        return port

    async def _complete(self, request: web.Request) -> web.Response:
        self.arrivals.append((time.time(), str(request.remote)))
        body = await request.json()
        await asyncio.sleep(0.4)
        message = {"role": "assistant", "content": f"Answer: {len(self.arrivals)}"}
        usage = {"prompt_tokens": 90, "completion_tokens": 30, "total_tokens": 120}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        reply = {"id": "x", "object": "chat.completion", "created": 1, "model": body["model"]}
        return web.json_response(reply | {"choices": [choice], "usage": usage})

    def close(self) -> None:
        """Stop serving."""
        self._loop.call_soon_threadsafe(self._loop.stop)


class Site:
    """The services on the hub, and a worker on each host."""

    def __init__(self, *, hosts: int, lease_s: int) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="ponder-hosts-"))
        self.network = Network(hosts)
        self._children: list[Child] = []
        try:
            self._start(lease_s)
        except BaseException:
            self.close()
            raise

    def _start(self, lease_s: int) -> None:
        password = secrets.token_urlsafe(12)
        self._base = plain_environment(DATA_DIR=str(self.directory))
        # It imports while the services start.
        self._zygote = Zygote(self._base)
        with inside(self.network.hub):
            local_url = self._start_postgres(password)
            self._start_redis(password)
        self.provider = Provider(self.network.hub)
        self.env = self._base | {
            "DATABASE_URL": f"postgresql://ponder:{password}@{SERVICES}:5432/ponder",
            "REDIS_URL": f"redis://:{password}@{SERVICES}:6379/0",
            "DJANGO_SETTINGS_MODULE": "reasoning_app.settings",
            "SECRET_KEY": "hosts hosts hosts hosts hosts hosts hosts hosts hosts",
            "PONDER_MODELS": "demo/intern",
            "DEMO_INTERN_URL": f"http://{PROVIDER}:{self.provider.port}/v1",
            "PONDER_LEASE_S": str(lease_s),
            "PONDER_CALLS_PER_JOB": "2",
            "PONDER_JOBS_PER_WORKER": "40",
        }
        # This process stays outside the network and reaches the database through its socket.
        local = {"DATABASE_URL": local_url, "REDIS_URL": f"redis+socket://{self.directory}/none"}
        # Nor does it wake the workers, so they find their jobs by the sweep; that is no news.
        os.environ.update(self.env | local | {"LOG_LEVEL": "ERROR"})
        import django

        django.setup()
        self.workers: dict[str, Forked] = {}
        for host in self.network.hosts:
            argv = [*commands.worker()[2:-1], "WARNING"]
            self.workers[host] = self._zygote.start(argv, env=self.env, log=self.log(host), host=host)

    def _start_postgres(self, password: str) -> str:
        run_dir = self.directory / "run"
        for path in (run_dir, self.directory / "logs"):
            path.mkdir()
        prepared.copy_into(self.directory)
        postgres = Postgres(
            self.directory, run_dir, self.directory / "logs", self._base, lambda: None, sync=True
        )

        def prepare() -> None:
            postgres.prepare()
            with (postgres.cluster / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {SERVICES}/24 scram-sha-256\n")

        child = postgres.child()
        child.command[child.command.index("listen_addresses=")] = f"listen_addresses={SERVICES}"
        child.before_start = prepare
        self._children.append(child)
        child.start()
        postgres.wait_ready(child)
        postgres.sql(f"ALTER ROLE ponder PASSWORD '{password}'")
        return f"postgresql://ponder@/ponder?host={run_dir}"

    def _start_redis(self, password: str) -> None:
        program = shutil.which("redis-server") or shutil.which("valkey-server") or "redis-server"
        command = [
            program, "--bind", SERVICES, "--port", "6379", "--requirepass", password, "--save", "", "--appendonly", "no",
            "--dir", str(self.directory), "--daemonize", "no", "--loglevel", "warning",
        ]  # fmt: skip
        child = Child("redis", command, env=self._base, log=self.directory / "logs" / "redis.log")
        self._children.append(child)
        child.start()

    def log(self, host: str) -> Path:
        """Return where the worker of a host writes what it has to say."""
        return self.directory / f"{host}.log"

    def calls_from(self, host: str) -> list[float]:
        """Return when calls of a host arrived at the provider."""
        address = self.network.address_of(host)
        return [at_s for at_s, source in self.provider.arrivals if source == address]

    def close(self) -> None:
        """End everything and leave nothing."""
        try:
            for worker in getattr(self, "workers", {}).values():
                worker.kill()
            if hasattr(self, "_zygote"):
                self._zygote.close()
            if hasattr(self, "provider"):
                self.provider.close()
            for child in reversed(self._children):
                child.stop()
        finally:
            self.network.close()
            shutil.rmtree(self.directory, ignore_errors=True)


class Trial:
    """Cuts hosts off in turn, and keeps count of what it sees."""

    def __init__(self, site: Site, lease_s: int) -> None:
        from accounts.models import User
        from accounts.services import ensure_personal_workspace
        from billing.books.wallet import grant
        from solver.core.money import NANO_PER_USD

        self._site, self._lease_s = site, lease_s
        self._user = User.objects.create_user("hosts@example.org")
        workspace = ensure_personal_workspace(self._user)
        grant(workspace=workspace, amount_nano=100_000 * NANO_PER_USD, by=self._user, reason="hosts")
        self._submitted = 0
        self.takeovers_s: list[float] = []
        self.late_calls = self.zombie_writes = self.calls_while_cut = self.jobs_fenced = 0

    def cut(self, victim: str) -> None:
        """Cut one host off while it runs jobs, see them taken over, and let it come back."""
        site, network = self._site, self._site.network
        self._deal_to(victim, 2)
        network.pull(victim)
        cut_s, lost = time.time(), self._at_work_on(victim)
        lease_ends_s = self._lease_ends_s(lost)
        self._until(lambda: len(self._next_calls(lost)) == len(lost), "a takeover", victim)
        claims = self._next_calls(lost)
        self.takeovers_s += [claimed_s - cut_s for claimed_s in claims.values()]
        # A little longer than the lease, so that a call made too late would have been seen.
        time.sleep(max(lease_ends_s + 3 - time.time(), 0))
        calls = [at_s for at_s in site.calls_from(victim) if at_s > cut_s]
        self.calls_while_cut += len(calls)
        self.late_calls += sum(at_s > lease_ends_s for at_s in calls)
        network.plug(victim)
        self._until(lambda: self._fenced(victim, lost), "a fenced worker", victim)
        self.jobs_fenced += len(lost)
        self.zombie_writes += self._written_under(lost, claims)

    def submit(self, count: int) -> None:
        """Submit jobs that never come to an end by themselves."""
        from jobs.core.options import JobOptions
        from solver.core.money import NANO_PER_USD
        from tests.support.people import submit_for

        for _ in range(count):
            self._submitted += 1
            submit_for(
                self._user, f"Undecidable problem {self._submitted}?", budget_nano=20 * NANO_PER_USD, wake=False,
                strategy="vote", options=JobOptions(is_never_sure=True, max_tries=10**7),
            )  # fmt: skip

    def works_again(self, host: str) -> None:
        """Wait until a host that came back runs jobs again."""
        self._deal_to(host, 1)

    def _deal_to(self, host: str, count: int) -> None:
        """Deal the jobs anew until the host is at work on so many: whoever wakes first may take them all."""

        def has_enough() -> bool:
            return len(self._at_work_on(host)) >= count

        deadline_s = time.monotonic() + PATIENCE_S
        while not _comes_true(has_enough, DEAL_S) and time.monotonic() < deadline_s:
            self._deal_anew(host)
        self._until(has_enough, "jobs", host)

    def _deal_anew(self, host: str) -> None:
        """Pause and resume every job: else it stays where it is."""
        from jobs.lifecycle import control
        from jobs.models import Job

        self._until(self._all_paused, "a pause", host)
        for job in Job.objects.filter(state="paused"):
            control.resume_job(job=job)

    def _all_paused(self) -> bool:
        """Ask whatever is active to pause, each time anew: a job may change hands between a look and the wish."""
        from jobs.core.states import ACTIVE
        from jobs.lifecycle import control
        from jobs.models import Job

        restless = list(Job.objects.filter(state__in=ACTIVE).exclude(state="paused"))
        for job in restless:
            control.pause_job(job=job)
        return not restless

    def conclude(self) -> dict[str, Any]:
        """End all jobs and look at the books."""
        from jobs.core.states import ENDED
        from jobs.lifecycle import finish_early
        from jobs.models import Job
        from jobs.upkeep.audit import violations

        for job in Job.objects.all():
            finish_early(job=job)
        self._until(lambda: not Job.objects.exclude(state__in=ENDED).exists(), "the end of all jobs", "")
        from billing.models import Call, CallState

        return {
            "violations": len(broken := violations()),
            "violations_found": [f"{each.invariant}: {each.detail}" for each in broken[:20]],
            "hosts": len(self._site.network.hosts),
            "jobs": self._submitted,
            "settled_calls": Call.objects.filter(state=CallState.SETTLED).count(),
            "in_doubt_calls": Call.objects.filter(state=CallState.IN_DOUBT).count(),
            "takeovers": len(self.takeovers_s),
            "takeover_worst_s": round(max(self.takeovers_s), 2),
            "takeover_goal_s": self._lease_s + 15,
            "calls_while_cut_before_the_lease_ran_out": self.calls_while_cut - self.late_calls,
            "calls_after_the_lease_ran_out": self.late_calls,
            "writes_after_the_takeover": self.zombie_writes,
            "jobs_fenced": self.jobs_fenced,
            "lease_s": self._lease_s,
        }

    def _until(self, condition: Callable[[], object], what: str, host: str) -> None:
        if not _comes_true(condition, PATIENCE_S):
            logs = "".join(self._site.log(each).read_text()[-3000:] for each in self._site.network.hosts)
            raise RuntimeError(
                f"The workers say:\n{logs}\n{self._jobs_in_words()}\n{host} waited {PATIENCE_S:.0f} s for {what}."
            )

    def _jobs_in_words(self) -> str:
        from django.utils import timezone

        from jobs.models import Job

        told = Job.objects.values_list(
            "pk", "state", "wanted", "owner", "token", "lease_until", "next_at", "error"
        )
        return "\n".join(f"{timezone.now():%H:%M:%S} {' '.join(map(str, row))}" for row in told)

    def _jobs_of(self, host: str) -> dict[UUID, int]:
        from jobs.models import Job

        return dict(
            Job.objects.filter(state="running", owner__startswith=f"{host}:").values_list("pk", "token")
        )

    def _at_work_on(self, host: str) -> dict[UUID, int]:
        """Return the jobs that have called since this claim: of one still being read, nobody is there to be fenced."""
        from billing.models import Call

        jobs = self._jobs_of(host)
        begun = set(Call.objects.filter(job_id__in=jobs).values_list("job_id", "lease_token"))
        return {job_id: token for job_id, token in jobs.items() if (job_id, token) in begun}

    def _lease_ends_s(self, lost: dict[UUID, int]) -> float:
        from jobs.models import Job

        return max(job.lease_until.timestamp() for job in Job.objects.filter(pk__in=lost) if job.lease_until)

    def _next_calls(self, lost: dict[UUID, int]) -> dict[UUID, float]:
        """Return when the execution after the lost one first held money for a call."""
        from billing.models import Call

        first: dict[UUID, float] = {}
        calls = Call.objects.filter(job_id__in=lost).order_by("-created_at")
        for job_id, token, at in calls.values_list("job_id", "lease_token", "created_at"):
            if token > lost[job_id]:
                first[job_id] = at.timestamp()
        return first

    def _fenced(self, victim: str, lost: dict[UUID, int]) -> bool:
        """Tell whether the worker has said of each lost job that it belongs to another one now."""
        said = self._site.log(victim).read_text()
        return all(f"Job {job_id} was taken over" in said for job_id in lost)

    def _written_under(self, lost: dict[UUID, int], claims: dict[UUID, float]) -> int:
        """Count the calls that were settled under a lost lease after another execution had begun."""
        from billing.models import Call, CallState

        settled = Call.objects.filter(job_id__in=lost, state=CallState.SETTLED)
        return sum(
            token == lost[job_id] and at is not None and at.timestamp() > claims[job_id]
            for job_id, token, at in settled.values_list("job_id", "lease_token", "finished_at")
        )


def _comes_true(condition: Callable[[], object], within_s: float) -> bool:
    """Look again and again; tell whether it came true in time."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.1)
    return True


def run(*, hosts: int, cuts: int, lease_s: int) -> dict[str, Any]:
    """Build the site, cut hosts off in turn, and report."""
    began = time.monotonic()
    site = Site(hosts=hosts, lease_s=lease_s)
    try:
        trial = Trial(site, lease_s)
        trial.submit(JOBS_A_HOST * hosts)
        for number in range(cuts):
            victim = site.network.hosts[number % hosts]
            trial.cut(victim)
            trial.works_again(victim)
        return trial.conclude() | {"cuts": cuts, "wall_s": round(time.monotonic() - began, 1)}
    finally:
        site.close()


def main() -> int:
    """Run, print the report, return 0 when every promise was kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.hosts", description=__doc__)
    parser.add_argument("--hosts", type=int, default=2)
    parser.add_argument("--cuts", type=int, default=4)
    parser.add_argument("--lease-s", type=int, default=8)
    parser.add_argument("--report", type=Path, help="also write the report to this file")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no namespace is left behind
    if reason := impossible_because():
        sys.stderr.write(f"Several hosts cannot be made here: {reason}.\n")
        return 2
    report = run(hosts=options.hosts, cuts=options.cuts, lease_s=options.lease_s)
    if options.report:
        command = " ".join(["python -m tests.chaos.hosts", *sys.argv[1:]])
        options.report.write_text(json.dumps(report | {"command": command}, indent=2) + "\n")
    sys.stdout.write(json.dumps(report) + "\n")
    kept = not any(
        report[key] for key in ("violations", "calls_after_the_lease_ran_out", "writes_after_the_takeover")
    )
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
