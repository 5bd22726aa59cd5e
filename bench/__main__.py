"""Run one measurement or all: `python -m bench [NAME] [--quick] [--json]`.

The last line is one JSON object; without `--quick` it is also written to bench/results/*/NAME.json. All of them run
one after another, each in a process of its own: Django reads its settings, and so the address of its database, once.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bench import RESULTS
from bench.accuracy import answers, humaneval, live, optillm, strategies, tree, vote
from bench.confidence import calibration, fit, quotes, real_tries
from bench.conformance import anywhere
from bench.conformance import measure as conformance
from bench.engine import journal, overhead, steps, tiers
from bench.ledger import overshoot, postings
from bench.load import audit, crowd, fairness, idle, resume, review, stop, takeover
from bench.pages import mixed
from bench.plot import Panel, save

MEASUREMENTS: dict[str, Callable[[bool], dict[str, Any]]] = {
    "accuracy": strategies.measure,
    "answers": answers.measure,
    "anywhere": anywhere.measure,
    "audit": audit.measure,
    "calibration": calibration.measure,
    "conformance": conformance.measure,
    "crowd": crowd.measure,
    "fairness": fairness.measure,
    "fit": fit.measure,
    "humaneval": humaneval.measure,
    "idle": idle.measure,
    "journal": journal.measure,
    "ledger": postings.measure,
    "live": live.measure,
    "optillm": optillm.measure,
    "overhead": overhead.measure,
    "overshoot": overshoot.measure,
    "pages": mixed.measure,
    "quotes": quotes.measure,
    "real": real_tries.measure,
    "resume": resume.measure,
    "review": review.measure,
    "steps": steps.measure,
    "stop": stop.measure,
    "takeover": takeover.measure,
    "tiers": tiers.measure,
    "tree": tree.measure,
    "vote": vote.measure,
}

ROOM_OF = {name: measure.__module__.split(".")[1] for name, measure in MEASUREMENTS.items()}
"""The folder of bench/ that measures it, whose name that of bench/results/ with its result has, too."""
AS_THEY_ARE = {"conformance", "humaneval", "ledger", "overshoot", "pages", "review", "tiers"}
"""Whose JSON object has exactly the keys that it promises."""
PLOTS: dict[str, Callable[[Mapping[str, Any]], list[Panel]]] = {
    "accuracy": strategies.panels,
    "live": live.panels,
    "overhead": overhead.panels,
    "tree": tree.panels,
}
"""Diagrams that follow from the figures alone; others draw themselves."""


def draw(name: str, figures: Mapping[str, Any]) -> None:
    """Draw the diagram of a measurement beside its figures, if it has one."""
    if name in PLOTS:
        save(RESULTS / ROOM_OF[name] / f"{name}.svg", PLOTS[name](figures))


def main() -> int:
    """Run what is asked for and print its figures."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "name", nargs="?", choices=sorted(MEASUREMENTS), help="one measurement; without it all of them"
    )
    parser.add_argument("--quick", action="store_true", help="a short version, whose result is not kept")
    parser.add_argument("--json", action="store_true", help="print nothing but the JSON object")
    parser.add_argument("--cases", type=Path, help="for answers: a file of cases, one JSON object per line")
    parser.add_argument("--calls", type=int, help="for audit: the number of calls (default: a million)")
    parser.add_argument(
        "--tries", type=Path, help="real: a file of recorded tries instead of the shipped one"
    )
    parser.add_argument("--strategies", help="live: only these, with commas between them")
    options = parser.parse_args()
    if options.strategies:
        MEASUREMENTS["live"] = partial(live.measure, only=options.strategies.split(","))
    if options.calls:
        MEASUREMENTS["audit"] = partial(audit.measure, calls=options.calls)
    if options.tries:
        MEASUREMENTS["real"] = partial(real_tries.measure, tries=options.tries)
    if options.name == "answers":
        return answers.report(options.cases or answers.CASES, is_table=not options.json)
    if options.name is None:
        return _all(sys.argv[1:])
    began = time.monotonic()
    figures = MEASUREMENTS[options.name](options.quick)
    if options.name not in AS_THEY_ARE:
        figures |= {
            "command": f"python -m bench {options.name}"
            + (f" --strategies {options.strategies}" if options.strategies else ""),
            "wall_s": round(time.monotonic() - began, 1),
        }
    if not options.json:
        width = max(map(len, figures))
        sys.stdout.writelines(f"{key:<{width}}  {value}\n" for key, value in figures.items())
    if not options.quick:
        kept = RESULTS / ROOM_OF[options.name] / f"{options.name}.json"
        kept.parent.mkdir(exist_ok=True)
        draw(options.name, figures)
        by = {"command": f"python -m bench {options.name}"}
        kept.write_text(json.dumps(figures | by, indent=2) + "\n")
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def _all(arguments: list[str]) -> int:
    """Run every measurement; return 0 where each came to its end."""
    commands = [[sys.executable, "-m", "bench", name, *arguments] for name in sorted(MEASUREMENTS)]
    return max(subprocess.run(command, check=False).returncode for command in commands)  # noqa: S603  (ourselves)


if __name__ == "__main__":
    sys.exit(main())
