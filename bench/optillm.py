"""`auto` against the approaches of optillm 0.4.0 on the same model and problems, at true cost.

Each approach gets the expert demo model through its real server and an OpenAI client, as optillm's own server would hand
it over, with the approach's defaults. What it costs is counted where requests pass to the endpoint, by the usage that
the endpoint reports; requests for n replies become n requests, for the endpoint answers one at a time. An approach that
raises has given no answer, and what it spent counts. `auto` is replayed on the same problems of the recorded pool at
many budgets; `auto_at_same_cost` is read off its curve. Without a checker; only the approaches' code is fetched (into
var/), not optillm's server, which brings gigabytes along.
"""

import asyncio
import importlib
import itertools
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

from bench.arena import Recorded, Run, summary
from bench.demo import demo_card
from bench.extra import fetch
from bench.plot import Panel, save
from bench.replay import PoolProblem, pool
from demo_model.launch import running
from solver.answer import extract_answer
from solver.money import NANO_PER_CENT
from solver.pricing import Usage, cost_nano

OPTILLM = "optillm==0.4.0"
NEEDS = ("numpy", "networkx", "math-verify", "PyYAML", "cerebras_cloud_sdk")
MODEL = "expert"
CENTS = (0.5, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100)
RESULTS = Path(__file__).parent / "results"
_COUNTS = {False: 100, True: 4}
_LONG = "mars"
"""Makes a hundred calls a problem, too many for a quick look."""
_AT_ONCE = 16

type Approach = Callable[[str, str, openai.OpenAI], Any]


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return accuracy and mean cost of each approach, and what `auto` reaches at that cost."""
    logging.disable(logging.ERROR)  # the approaches report every step
    items = [item for item in pool() if item.unseen.kind == "modular"][: _COUNTS[quick]]
    arena = Recorded("modular", proves=False, most=len(items))
    curve = [summary(arena.run("auto", round(cents * NANO_PER_CENT)) or []) for cents in CENTS]
    points = [(each.cost_nano, each.accuracy) for each in curve]
    found = {
        name: summary(runs) for name, runs in asyncio.run(_all(items, but=_LONG if quick else "")).items()
    }
    figures: dict[str, Any] = {
        name: {
            "accuracy": round(means.accuracy, 4),
            "cents": round(means.cost_nano / NANO_PER_CENT, 4),
            "auto_at_same_cost": round(at_cost(points, means.cost_nano), 4),
            "gain_pt": round(100 * (at_cost(points, means.cost_nano) - means.accuracy), 2),
        }
        for name, means in found.items()
    }
    if not quick:
        auto = {"auto": [(cost / NANO_PER_CENT, right) for cost, right in points]}
        theirs = {n: [(m.cost_nano / NANO_PER_CENT, m.accuracy)] for n, m in found.items()}
        lines = auto | theirs
        title = "modular, no checker, optillm 0.4.0"
        save(
            RESULTS / "optillm.svg", [Panel(title, lines, "mean cost in cents", "accuracy", logarithmic=True)]
        )
    return {
        "problems": len(items),
        "against": OPTILLM,
        "auto": [(round(cost / NANO_PER_CENT, 4), round(right, 4)) for cost, right in points],
        "approaches": figures,
        "worst_gain_pt": min(each["gain_pt"] for each in figures.values()),
    }


def at_cost(curve: Sequence[tuple[float, float]], nano: float) -> float:
    """Return the accuracy of a curve at a cost: between its points linear, beyond its ends the end's."""
    points = sorted(curve)
    for (cost, right), (dearer, righter) in itertools.pairwise(points):
        if cost <= nano <= dearer:
            share = (nano - cost) / (dearer - cost) if dearer > cost else 0.0
            return right + share * (righter - right)
    return points[0][1] if nano < points[0][0] else points[-1][1]


async def _all(items: Sequence[PoolProblem], *, but: str) -> dict[str, list[Run]]:
    """Run every approach on every problem, but for the one named."""
    approaches, results = _approaches(), dict[str, list[Run]]()
    approaches.pop(but, None)
    with tempfile.TemporaryDirectory(prefix="ponder-optillm-") as folder:
        async with running(MODEL, Path(folder) / "model.sock", slots=_AT_ONCE) as server:
            loop = asyncio.get_running_loop()
            with ThreadPoolExecutor(_AT_ONCE) as threads:
                for name, approach in approaches.items():
                    work = [
                        loop.run_in_executor(threads, _run, approach, item, server.socket) for item in items
                    ]
                    results[name] = list(await asyncio.gather(*work))
    return results


def _run(approach: Approach, item: PoolProblem, socket: Path) -> Run:
    till = Till(httpx.HTTPTransport(uds=str(socket)))
    system, user = item.problem(proves=False).messages()
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
