"""One call of a function in a backend that knows only programs: the program, and how its output is read."""

import json
import secrets
from typing import Any

from sandbox.request import CallRequest, CallResult, CodeRequest, CodeResult, Ending

_PROGRAM = """
import json, os, sys
order = json.loads(sys.stdin.read())
said = os.fdopen(os.dup(1), "w", encoding="utf-8")
nowhere = os.open("/dev/null", os.O_WRONLY)
os.dup2(nowhere, 1), os.dup2(nowhere, 2)
def bounded(value):
    if isinstance(value, list | tuple):
        return [bounded(each) for each in value[:100]]
    if isinstance(value, str):
        return value[:10_000]
    if type(value) is int and value.bit_length() > 1_000:
        return float("inf") if value > 0 else float("-inf")
    return value
try:
    space = {"__name__": "check"}
    exec(compile(order["source"], "check.py", "exec"), space)
    if order["function"] not in space:
        raise NameError("there is no function " + order["function"])
    value = space[order["function"]](order["argument"])
    plain = json.dumps(bounded(value), default=lambda other: other.item() if hasattr(other, "item") else repr(other))
    done = {"value": json.loads(plain)}
except MemoryError:
    raise
except BaseException as error:
    done = {"error": f"{type(error).__name__}: {error}"[:500]}
said.write(order["nonce"] + json.dumps(done))
said.flush()
os._exit(0)
"""


def program_of(request: CallRequest) -> tuple[CodeRequest, str]:
    """Return the program that makes a call, and the mark before what it says of it.

    The mark is drawn for each run, so that nothing which the function prints can be taken for its result.
    """
    nonce = secrets.token_hex(16)
    order = {
        "source": request.source,
        "function": request.function,
        "argument": request.argument,
        "nonce": nonce,
    }
    return CodeRequest(_PROGRAM, json.dumps(order), request.limits), nonce


def read_call(result: CodeResult, nonce: str, backend: str) -> CallResult:
    """Return what a run says of its call."""
    _, found, said = result.stdout.rpartition(nonce)
    done: dict[str, Any] = {}
    if found and result.ending is Ending.FINISHED:
        try:
            done = json.loads(said)
        except ValueError:
            done = {"error": "Its result is too long to be read."}
    error = done.get("error") or ("" if "value" in done else why_ended(result.ending))
    return CallResult(done.get("value"), error, backend, result.wall_s, result.ending, result.cpu_s)


def why_ended(ending: Ending) -> str:
    """Return in a sentence why a run has no result."""
    return {
        Ending.FINISHED: "It ended before it returned.",
        Ending.TIME: "It ran out of time.",
        Ending.MEMORY: "It ran out of memory.",
        Ending.OUTPUT: "It wrote too much.",
        Ending.KILLED: "It was ended by force.",
    }[ending]
