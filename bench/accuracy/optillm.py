"""`auto` against the approaches of optillm 0.4.0 on the same model and problems, at true cost.

Each approach gets the expert demo model through its real server and an OpenAI client, as optillm's own server would hand
it over, with the approach's defaults. What it costs is counted where requests pass to the endpoint, by the usage that
the endpoint reports; requests for n replies become n requests, for the endpoint answers one at a time. An approach that
raises has given no answer, and what it spent counts. `auto` is replayed on the same problems of the recorded pool at
many settings: budgets, with and without being told what a right answer is worth. Of those that cost no more than an
approach (or 3 % more, which is chance) it gets the one that is best on the other problems of the pool, and the gain has
a paired 95 % interval. Dear approaches get fewer problems. Without a checker; only the approaches' code is fetched
(into var/), not optillm's server, which brings gigabytes along. What the approaches came to is kept in var/optillm, for
it does not depend on Ponder: running this again measures `auto` alone.
"""

import asyncio
import hashlib
import importlib
import json
import logging
import sys
import tempfile
import types
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai

from bench import RESULTS, VAR
from bench.accuracy.arena import Run, paired, summary
from bench.extra import fetch
from bench.plot import Panel, save
from bench.recordings.demo import demo_card
from bench.recordings.replay import PoolProblem, pool, trial
from demo_model.engine import find_model
from demo_model.launch import running
from solver.core.money import NANO_PER_CENT
from solver.core.pricing import Usage, cost_nano
from solver.text.extract import extract_answer

OPTILLM = "optillm==0.4.0"
NEEDS = ("numpy", "networkx", "math-verify", "PyYAML", "cerebras_cloud_sdk")
MODEL = "expert"
TOLERANCE = 1.03
WORTHS = (0, 2)
"""What a right answer is told to be worth, in cents; 0: nothing is told."""
CENTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100)
KEPT = VAR / "optillm"
"""What the approaches came to, by the weights that answered: other weights are another measurement."""
_COUNTS = {False: 300, True: 4}
_COUNT_OF_DEAR = 100
_DEAR = ("mcts", "rstar", "pvg", "cepo", "mars")
_LONG = "mars"
"""Makes a hundred calls a problem, too many for a quick look."""
_AT_ONCE = 16

type Approach = Callable[[str, str, openai.OpenAI], Any]


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return accuracy and mean cost of each approach, and what `auto` reaches at that cost."""
    logging.disable(logging.ERROR)  # the approaches report every step
    every = [item for item in pool() if item.unseen.kind == "modular"]
    items, others = every[: _COUNTS[quick]], every[_COUNTS[False] :][: 50 if quick else None]
    found = asyncio.run(_all(items, quick=quick))
    ours = [Setting(cents, worth, items, others) for worth in WORTHS for cents in CENTS]
    figures = {name: _against(ours, runs) for name, runs in found.items()}
    if not quick:
        lines = {
            "auto" + (f", {worth} cents a right answer" if worth else ""): [
                each.point() for each in ours if each.worth_cents == worth
            ]
            for worth in WORTHS
        }
        theirs = {name: [(each["cents"], each["accuracy"])] for name, each in figures.items()}
        title = "modular, no checker, optillm 0.4.0"
        panel = Panel(title, lines | theirs, "mean cost in cents", "accuracy", logarithmic=True)
        save(RESULTS / "accuracy" / "optillm.svg", [panel])
    return {
        "problems": len(items),
        "against": OPTILLM,
        "auto": {
            str(worth): [each.point() for each in ours if each.worth_cents == worth] for worth in WORTHS
        },
        "approaches": figures,
        "worst_gain_pt": min(each["gain_pt"] for each in figures.values()),
        "worst_sure_loss_pt": max(max(0.0, -each["gain_pt"] - each["half_pt"]) for each in figures.values()),
    }


class Setting:
    """`auto` at one budget, told or not what a right answer is worth (cents), on the compared and on other problems."""

    def __init__(
        self, cents: float, worth_cents: float, items: Sequence[PoolProblem], others: Sequence[PoolProblem]
    ) -> None:
        self.worth_cents = worth_cents
        self._budget_nano = round(cents * NANO_PER_CENT)
        self.runs = [self._run(item) for item in items]
        self.accuracy_elsewhere = summary([self._run(item) for item in others]).accuracy

    def _run(self, item: PoolProblem) -> Run:
        told = {"value_nano": self.worth_cents * NANO_PER_CENT} if self.worth_cents else {}
        found = trial(item, "auto", self._budget_nano, is_checkable=False, options=told)
        return Run(found.right, found.cost_nano)

    def point(self) -> tuple[float, float]:
        """Return mean cost (cents) and accuracy."""
        means = summary(self.runs)
        return round(means.cost_nano / NANO_PER_CENT, 4), round(means.accuracy, 4)


def _against(ours: Sequence[Setting], theirs: Sequence[Run]) -> dict[str, Any]:
    """Return what an approach came to, and what `auto` comes to on the same problems for the same mean cost."""
    means, count = summary(theirs), len(theirs)
    limit_nano = TOLERANCE * means.cost_nano
    affordable = [each for each in ours if summary(each.runs[:count]).cost_nano <= limit_nano]
    chosen = max(affordable, key=lambda each: each.accuracy_elsewhere)
    same = chosen.runs[:count]
    gain, half = paired(same, theirs)
    return {
        "problems": count,
        "accuracy": round(means.accuracy, 4),
        "cents": round(means.cost_nano / NANO_PER_CENT, 4),
        "auto_for_no_more": round(summary(same).accuracy, 4),
        "auto_cents": round(summary(same).cost_nano / NANO_PER_CENT, 4),
        "gain_pt": round(100 * gain, 2),
        "half_pt": round(100 * half, 2),
    }


async def _all(items: Sequence[PoolProblem], *, quick: bool) -> dict[str, list[Run]]:
    """Return what every approach comes to on the problems, made now as far as it is not kept."""
    approaches, results = _approaches(), dict[str, list[Run]]()
    if quick:
        approaches.pop(_LONG)
    folder_kept = KEPT / hashlib.sha256(find_model(MODEL).read_bytes()).hexdigest()[:12]
    folder_kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ponder-optillm-") as folder:
        async with running(MODEL, Path(folder) / "model.sock", slots=_AT_ONCE) as server:
            loop = asyncio.get_running_loop()
            with ThreadPoolExecutor(_AT_ONCE) as threads:
                for name, approach in approaches.items():
                    kept = folder_kept / f"{name}.json"
                    is_kept = kept.exists() and not quick
                    known = [Run(*run) for run in json.loads(kept.read_text())] if is_kept else []
                    wanted = items[: _COUNT_OF_DEAR if name in _DEAR else None]
                    work = [
                        loop.run_in_executor(threads, _run, approach, item, server.socket)
                        for item in wanted[len(known) :]
                    ]
                    runs = [*known, *await asyncio.gather(*work)]
                    if not quick:
                        kept.write_text(json.dumps(runs))
                    results[name] = runs[: len(wanted)]
    return results


def _run(approach: Approach, item: PoolProblem, socket: Path) -> Run:
    till = Till(httpx.HTTPTransport(uds=str(socket)))
    system, user = item.problem(is_checkable=False).messages()
    with httpx.Client(transport=till, timeout=600) as line:
        client = openai.OpenAI(base_url="http://model/v1", api_key="none", http_client=line, max_retries=0)
        try:
            said = approach(system.content, user.content, client)
        except Exception:  # noqa: BLE001  (an approach that fails has no answer)
            said = ""
    while isinstance(said, tuple | list):
        said = said[0] if said else ""
    return Run(item.is_right(extract_answer(str(said))), till.spent_nano)


class Till(httpx.BaseTransport):
    """Passes requests on to the endpoint and adds up what they cost."""

    def __init__(self, endpoint: httpx.BaseTransport) -> None:
        self.spent_nano = 0
        self._endpoint = endpoint
        self._rates = demo_card(MODEL).rates

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Make one request for each reply that is wanted, and put the replies together."""
        body = json.loads(request.read())
        wanted = body.pop("n", None) or 1
        replies: list[dict[str, Any]] = []
        for turn in range(wanted):
            seeded = body | {"seed": body["seed"] + turn} if body.get("seed") is not None else body
            response = self._endpoint.handle_request(
                httpx.Request("POST", request.url, json=seeded, headers={"Host": "model"})
            )
            response.read()
            if response.status_code != httpx.codes.OK:
                return httpx.Response(response.status_code, content=response.content)
            replies.append(json.loads(response.content))
            usage = replies[-1]["usage"]
            self.spent_nano += cost_nano(
                self._rates, Usage(usage["prompt_tokens"], usage["completion_tokens"])
            )
        whole = replies[0]
        for turn, reply in enumerate(replies[1:], 1):
            whole["choices"].append(reply["choices"][0] | {"index": turn})
            for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
                whole["usage"][name] += reply["usage"][name]
        return httpx.Response(httpx.codes.OK, json=whole)

    def close(self) -> None:
        """Close the connections."""
        self._endpoint.close()


def _approaches() -> dict[str, Approach]:
    """Return the approaches by name, each with its defaults."""
    place = fetch("optillm", OPTILLM, dependencies=False) / "optillm"
    fetch("optillm-needs", *NEEDS)
    # The package itself would load its server and what that needs.
    package = types.ModuleType("optillm")
    package.__path__ = [str(place)]
    sys.modules["optillm"] = package

    def of(module: str, function: str) -> Approach:
        called = getattr(importlib.import_module(f"optillm.{module}"), function)
        return lambda system, query, client: called(system, query, client, MODEL)

    def rstar(system: str, query: str, client: openai.OpenAI) -> Any:
        return importlib.import_module("optillm.rstar").RStar(system, client, MODEL).solve(query)

    def cepo(system: str, query: str, client: openai.OpenAI) -> Any:
        module = importlib.import_module("optillm.cepo.cepo")
        config = module.init_cepo_config({"cepo_config_file": place / "cepo/configs/cepo_config.yaml"})
        return module.cepo(system, query, client, MODEL, config)

    return {
        "majority_voting": of("plugins.majority_voting_plugin", "run"),
        "self_consistency": of("self_consistency", "advanced_self_consistency_approach"),
        "bon": of("bon", "best_of_n_sampling"),
        "moa": of("moa", "mixture_of_agents"),
        "mcts": of("mcts", "chat_with_mcts"),
        "rstar": rstar,
        "pvg": of("pvg", "inference_time_pv_game"),
        "plansearch": of("plansearch", "plansearch"),
        "leap": of("leap", "leap"),
        "cot_reflection": of("cot_reflection", "cot_reflection"),
        "re2": of("reread", "re2_approach"),
        "cepo": cepo,
        "mars": of("mars.mars", "multi_agent_reasoning_system"),
    }
