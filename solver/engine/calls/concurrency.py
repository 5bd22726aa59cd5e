"""How many calls to one model may be under way at once: grown while they succeed, cut when its provider refuses.

Additive increase, multiplicative decrease, as in TCP. The state is one value that all workers share: each of them
reports what it has under way and what waits for it, and is told which of its jobs may make how many calls more. A host
that reports no more is forgotten after a while, with all it had: no death leaves a call counted for ever. Moments are
seconds on the clock of whoever keeps the state.
"""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

FIRST_LIMIT = 32.0
"""For a model of which nothing is known yet."""
HIGHEST_LIMIT = 1_024.0
LEASE_S = 30.0
"""After so long without a report a host's calls count no more."""
_WAITS_S = 3.0
"""After so long without a report what a host's jobs wait for is not kept free for them."""


class Refusal(NamedTuple):
    """A call that its provider had no room for: since when it was under way, and how long to leave the provider alone."""

    began_s: float
    retry_after_s: float = 0.0


@dataclass(slots=True)
class Report:
    """What one host says of a model: calls under way and wanted by job, and how calls ended since its last report."""

    under_way: Mapping[str, int]
    wanted: Mapping[str, int]
    answered: int = 0
    refused: Sequence[Refusal] = ()
    most: int = 0
    """As many calls the model's server answers at a time; 0: not known."""


@dataclass(slots=True)
class Host:
    """What a host reported last, and when."""

    under_way: dict[str, int]
    wanted: dict[str, int]
    seen_s: float


@dataclass(slots=True)
class ModelLimit:
    """The limit of one model, and what all hosts have under way."""

    limit: float = FIRST_LIMIT
    is_known: bool = False
    """Whether the provider ever refused: until then the limit doubles each time that as many calls were answered."""
    cut_s: float = 0.0
    closed_until_s: float = 0.0
    """No call is begun before: the provider wants to be left alone so long."""
    hosts: dict[str, Host] = field(default_factory=dict)

    def tell(self, host: str, report: Report, now_s: float) -> dict[str, int]:
        """Take a host's report in; return how many calls each of its jobs may begin now. They count as under way."""
        self.hosts = self._living(now_s)
        in_use = max(self.under_way(now_s), sum(report.under_way.values()))
        for refusal in report.refused:
            self._refused(refusal, in_use, now_s)
        # A limit that nobody comes near says nothing about what the provider bears.
        if report.answered and 2 * in_use >= self.limit:
            grown = report.answered / self.limit if self.is_known else report.answered
            self.limit = min(self.limit + grown, HIGHEST_LIMIT)
        if report.most:
            self.limit = min(self.limit, float(report.most))
        mine = self.hosts[host] = Host(dict(report.under_way), dict(report.wanted), now_s)
        granted = self._shared_out(host, now_s) if now_s >= self.closed_until_s else Counter[str]()
        for job, count in granted.items():
            mine.under_way[job] = mine.under_way.get(job, 0) + count
            mine.wanted[job] -= count
        if not any((*mine.under_way.values(), *mine.wanted.values())):
            del self.hosts[host]
        return dict(granted)

    def under_way(self, now_s: float) -> int:
        """Return how many calls are under way, of all hosts that report."""
        return sum(sum(host.under_way.values()) for host in self._living(now_s).values())

    def _living(self, now_s: float) -> dict[str, Host]:
        return {name: host for name, host in self.hosts.items() if now_s - host.seen_s < LEASE_S}

    def _refused(self, refusal: Refusal, in_use: int, now_s: float) -> None:
        # Calls that were under way at the last cut, and are refused too, say nothing new.
        if refusal.began_s >= self.cut_s:
            self.limit = max(min(self.limit, float(in_use)) / 2, 1.0)
            self.is_known, self.cut_s = True, now_s
        self.closed_until_s = max(self.closed_until_s, now_s + refusal.retry_after_s)

    def _shared_out(self, host: str, now_s: float) -> Counter[str]:
        """Give free places to the jobs with the fewest calls; return what `host`'s jobs get. Others' is kept for them."""
        has, wants, granted = Counter[str](), Counter[str](), Counter[str]()
        for each in self.hosts.values():
            has.update(each.under_way)
            if now_s - each.seen_s < _WAITS_S:
                wants.update(each.wanted)
        mine = self.hosts[host].wanted
        for job in _fairly(has, wants, int(self.limit) - has.total()):
            if granted[job] < mine.get(job, 0):
                granted[job] += 1
        return granted

    def as_json(self) -> dict[str, Any]:
        """Return a form that can be shared."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ModelLimit":
        """Return what `as_json` described. Raises KeyError and TypeError for anything else."""
        hosts = {name: Host(**host) for name, host in data["hosts"].items()}
        return cls(**{**data, "hosts": hosts})


def _fairly(has: Counter[str], wants: Counter[str], free: int) -> Iterator[str]:
    """Yield the jobs that get a free place, one place each time: always one of those that have the fewest."""
    wants = +wants
    fewest = [(has[job], job) for job in wants]
    heapq.heapify(fewest)
    for _ in range(free):
        if not fewest:
            return
        count, job = fewest[0]
        wants[job] -= 1
        if wants[job]:
            heapq.heapreplace(fewest, (count + 1, job))
        else:
            heapq.heappop(fewest)
        yield job
