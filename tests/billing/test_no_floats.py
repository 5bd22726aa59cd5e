"""No binary floating point on any money path: it can't hold a cent."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINE = (
    *(f"core/{name}.py" for name in ("money", "pricing", "purse")),
    *(f"engine/{name}.py" for name in ("calls/bounds", "calls/metering", "last_resort", "plan", "journal")),
)
JOBS = (
    *(
        f"lifecycle/{name}.py"
        for name in ("submission/funding", "submission/compare", "finish", "raise_budget")
    ),
    *(f"lifecycle/limits/{name}.py" for name in ("alerts", "checks", "spending", "uses", "words")),
    *("presenters/spend.py", "upkeep/low_balance.py", "worker/journal.py"),
)
EXACT = sorted(
    [
        *(ROOT / "billing").rglob("*.py"),
        *(ROOT / "solver" / name for name in (*ENGINE, "engine/calls/call_hold.py")),
        *(ROOT / "jobs" / name for name in JOBS),
    ]
)


def floats(source: str) -> list[str]:
    """Return what in a source makes or names a float: literals, `float`, true division, round."""
    found = []
    for node in ast.walk(ast.parse(source)):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append(f"line {line}: literal {node.value}")
        if isinstance(node, ast.Name) and node.id in {"float", "round"}:
            found.append(f"line {line}: {node.id}")
        if isinstance(node, ast.Attribute) and node.attr in {"FloatField", "to_float"}:
            found.append(f"line {line}: {node.attr}")
        if (
            isinstance(node, ast.BinOp | ast.AugAssign)
            and isinstance(node.op, ast.Div)
            and not _is_exact(node)
        ):
            found.append(f"line {line}: true division")
    return found


def _is_exact(node: ast.AST) -> bool:
    """Whether a `/` joins paths or divides a Decimal, which is exact enough to be checked afterwards."""
    text = ast.unparse(node)
    return "Path(" in text or "Decimal(" in text


@pytest.mark.parametrize("path", EXACT, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_float_touches_money(path):
    """Money is counted in whole nano- and pico-dollars."""
    assert floats(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "bad", ["x = 0.1", "y = float(a)", "z = a / b", "z /= 2", "round(x)", "f = models.FloatField()"]
)
def test_the_ban_sees_floats(bad):
    """The ban itself works."""
    assert floats(bad)


def test_the_ban_covers_billing():
    """All of billing is read, and the money files of the engine and of a job's life."""
    assert all(path.exists() for path in EXACT)
    assert {"ledger.py", "escrow.py", "gateway.py", "funding.py"} <= {path.name for path in EXACT}
