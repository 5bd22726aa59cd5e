"""Commands: `python -m sandbox selftest [--json]` and `python -m sandbox run FILE`. Exit status 1: no backend passed."""

import argparse
import json
import sys
from pathlib import Path

from sandbox.bubblewrap import Bubblewrap, candidates
from sandbox.monty import Monty
from sandbox.request import CodeRequest, SandboxOff
from sandbox.runner import CodeRunner
from sandbox.selftest import Report, try_calls, try_programs


def reports() -> list[tuple[str, Report]]:
    """Return what each backend of this machine makes of the self-test, by what it is."""
    found = []
    for path in candidates():
        try:
            found.append((str(path), try_programs(Bubblewrap(path))))
        except SandboxOff as error:
            found.append((str(path), Report("bubblewrap", {}, str(error))))
    monty = Monty()
    found.append(("pydantic-monty", try_calls(monty)))
    monty.close()
    return found


def main() -> int:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("command", choices=("selftest", "run"))
    parser.add_argument("file", nargs="?", help="the program that `run` runs")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if options.command == "run":
        result = CodeRunner.found(quick=True).run(CodeRequest(Path(options.file).read_text(encoding="utf-8")))
        sys.stdout.write(json.dumps(result.to_json()) + "\n")
        return int(not result.succeeded)
    found = reports()
    if options.json:
        data = [{"what": what, **report.to_json()} for what, report in found]
        sys.stdout.write(json.dumps({"passed": any(one["passed"] for one in data), "backends": data}) + "\n")
    else:
        for what, report in found:
            sys.stdout.write(
                f"{what}: {'passed' if report.passed else report.why_off()} ({report.wall_s:.1f} s)\n"
            )
            sys.stdout.writelines(
                f"  {name}: {fault or 'contained'}\n" for name, fault in report.cases.items()
            )
    return int(not any(report.passed for _, report in found))


if __name__ == "__main__":
    sys.exit(main())
