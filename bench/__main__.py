"""Run one measurement or all: `python -m bench [NAME] [--quick] [--json]`.

The last line is one JSON object; without `--quick` it is also written to bench/results/NAME.json.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import overhead, steps, vote

RESULTS = Path(__file__).parent / "results"
MEASUREMENTS: dict[str, Callable[[bool], dict[str, Any]]] = {
    "overhead": overhead.measure,
    "steps": steps.measure,
    "vote": vote.measure,
}


def main() -> int:
    """Run what is asked for and print its figures."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "name", nargs="?", choices=sorted(MEASUREMENTS), help="one measurement; without it all of them"
    )
    parser.add_argument("--quick", action="store_true", help="a short version, which is not kept")
    parser.add_argument("--json", action="store_true", help="print nothing but the JSON object")
    options = parser.parse_args()
    for name in [options.name] if options.name else sorted(MEASUREMENTS):
        began = time.monotonic()
        figures = MEASUREMENTS[name](options.quick)
        figures |= {"command": f"python -m bench {name}", "wall_s": round(time.monotonic() - began, 1)}
        if not options.json:
            width = max(map(len, figures))
            sys.stdout.writelines(f"{key:<{width}}  {value}\n" for key, value in figures.items())
        if not options.quick:
            (RESULTS / f"{name}.json").write_text(json.dumps(figures, indent=2) + "\n")
        sys.stdout.write(json.dumps(figures) + "\n")
    return 0


sys.exit(main())
