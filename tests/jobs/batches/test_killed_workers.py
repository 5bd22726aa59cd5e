"""Batches, and workers that are killed amid them."""

import asyncio

import pytest
from aiohttp import web

from billing.books.wallet import balances
from billing.models import Call, CallState
from jobs.models import Job
from tests.jobs.batches.test_batches import CALLS, assert_done, fates, job
from tests.jobs.running.test_background_workers import worker
from tests.support.batches import BatchEndpoint
from tests.support.endpoint import Answer

__all__ = ["job", "worker"]

pytestmark = pytest.mark.django_db(transaction=True)


class SlowEndpoint(BatchEndpoint):
    """Does what it is asked, and does not answer requests of the kind `silent_on`: upload, start or read."""

    def __init__(self) -> None:
        self.silent_on = ""
        self.asked: list[str] = []
        super().__init__(lambda call: Answer(service_tier=call.body.get("service_tier", "")))

    async def _answered(self, kind: str, response: web.StreamResponse) -> web.StreamResponse:
        self.asked.append(kind)
        while self.silent_on == kind:  # noqa: ASYNC110  # a test decides, in another thread
            await asyncio.sleep(0.02)
        return response

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        return await self._answered("upload", await super()._upload(request))

    async def _start_batch(self, request: web.Request) -> web.StreamResponse:
        return await self._answered("start", await super()._start_batch(request))

    async def _content(self, request: web.Request) -> web.StreamResponse:
        return await self._answered("read", await super()._content(request))


@pytest.fixture
def endpoint(monkeypatch):
    server = SlowEndpoint()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-000000000000")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    yield server
    server.silent_on = ""
    server.close()


def has_ended(job: Job) -> bool:
    return Job.objects.get(pk=job.pk).has_ended


def test_a_batch_survives_kills_of_its_workers(job, workspace, endpoint, worker):
    """Kill −9 while it is being started, and again while its replies are read: it is one batch, and is paid once."""
    before = balances(workspace).available_nano
    endpoint.silent_on = "start"
    first = worker()
    first.wait_for(lambda: "start" in endpoint.asked)
    [batch] = endpoint.batches
    first.kill()
    assert set(Call.objects.filter(job_id=job.pk).values_list("provider_ref", flat=True)) == {
        f"file:{batch.file}"
    }
    endpoint.finish(batch)
    endpoint.silent_on = "read"
    second = worker()
    second.wait_for(lambda: "read" in endpoint.asked)
    second.kill()
    assert fates(job) == {("batch", CallState.HELD, ""): CALLS}
    endpoint.silent_on = ""
    third = worker()
    third.wait_for(lambda: has_ended(job))
    assert_done(job, workspace, before)
    assert fates(job) == {("batch", CallState.SETTLED, "batch"): CALLS}
    assert (len(endpoint.files), len(endpoint.batches)) == (1, 1)
    assert len(endpoint.calls) == CALLS + 1  # and the write-up


def test_a_worker_killed_before_a_batch_is_started_leaves_nothing_in_doubt(job, workspace, endpoint, worker):
    """Kill −9 while its file is uploaded: no call was sent, so all their money is there for the next worker's."""
    before = balances(workspace).available_nano
    endpoint.silent_on = "upload"
    first = worker()
    first.wait_for(lambda: "upload" in endpoint.asked)
    first.kill()
    endpoint.silent_on = ""
    second = worker()
    second.wait_for(lambda: has_ended(job))
    assert_done(job, workspace, before)
    assert fates(job) == {("batch", CallState.VOID, ""): CALLS, ("flex", CallState.SETTLED, "flex"): CALLS}
    assert not endpoint.batches
