"""How tests get at the program: where it runs follows from what they say, never from what the program does."""

import ast
import builtins
import importlib
import importlib.util
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from solver.checkers.unit_testing.link import Link

_NEED_ONE_PROCESS = frozenset(
    {
        *(
            "concurrent",
            "ctypes",
            "gc",
            "importlib",
            "inspect",
            "multiprocessing",
            "pickle",
            "sympy",
            "threading",
        ),
        *("monkeypatch", "patch", "tracemalloc"),
    }
)
"""Modules and names that reach into the program, or have it run beside the tests."""
_PACKAGES_NOT_HERE = """
attr attrs bs4 django faker fastapi flask freezegun httpx hypothesis jax matplotlib mock networkx nose pandas
parameterized polars pydantic requests responses scipy seaborn sklearn sqlalchemy tensorflow torch yaml
"""


@dataclass(frozen=True, slots=True)
class Names:
    """The names in tests, by what they are there. `imported` are of modules that exist, and these."""

    used: set[str] = field(default_factory=set)
    attributes: set[tuple[str, str]] = field(default_factory=set)
    """With the name that each is reached from."""
    called: set[str] = field(default_factory=set)
    defined: set[str] = field(default_factory=set)
    imported: set[str] = field(default_factory=set)
    bases: set[str] = field(default_factory=set)

    @property
    def of_program(self) -> set[str]:
        """The names that can only be the program's: neither the tests' own nor those of other modules."""
        others = self.defined | self.imported | vars(builtins).keys() | sys.stdlib_module_names
        of_others = {name for root, name in self.attributes if root in self.imported}
        return self.used - others - of_others

    @property
    def need_one_process(self) -> bool:
        """Whether the tests share a process with the program: some of theirs is made of a class of its, for example."""
        known = self.defined | self.imported | vars(builtins).keys()
        return bool((self.used | self.imported) & _NEED_ONE_PROCESS or self.bases - known)


def names_in(tree: ast.Module) -> Names:
    """Return the names in tests."""
    names = Names()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name):
                names.used.add(name)
                names.attributes.add((ast.unparse(node).partition(".")[0], name))
            case ast.Name(id=name, ctx=ast.Load()):
                names.used.add(name)
            case ast.Name(id=name) | ast.arg(arg=name):
                names.defined.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.defined.add(name)
            case ast.Call(func=ast.Name(id=name)):
                names.called.add(name)
            case ast.ClassDef(name=name, bases=bases):
                names.defined.add(name)
                names.bases.update(ast.unparse(base).partition(".")[0] for base in bases)
            case ast.ImportFrom() | ast.Import():
                _note_import(node, names)
    return names


def _note_import(node: ast.ImportFrom | ast.Import, names: Names) -> None:
    if isinstance(node, ast.Import):
        existing = [each for each in node.names if _exists(each.name)]
        names.imported.update(each.name.partition(".")[0] for each in existing)
        names.imported.update(each.asname or each.name for each in existing)
    elif node.module and _exists(node.module):
        names.imported.update({node.module, *(each.asname or each.name for each in node.names)})
    else:
        names.used.update(each.name for each in node.names)


def missing_in(tree: ast.Module) -> str:
    """Return which well-known package the tests import that is not there, and so is not the program either."""
    modules = [
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
        )
    ]
    return next((each for each in modules if each in _PACKAGES_NOT_HERE.split() and not _exists(each)), "")


def borrow_names(tree: ast.Module) -> None:
    """Let the tests import the program by whatever module name they know it."""
    for node in ast.walk(tree):
        names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        names += [each.name for each in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            if "." not in name and not _exists(name):
                sys.modules[name] = sys.modules["solution"]


def load(program: str, names: Names) -> dict[str, Any]:
    """Run the program, here or in the other sandbox; return those of its names that tests find without an import."""
    return _loaded_here(program, names) if names.need_one_process else _loaded_there(program, names)


class _StandIn(types.ModuleType):
    """The program as tests import it from the other sandbox."""

    def __init__(self, link: Link, lent: list[str], root: Any) -> None:
        super().__init__("solution")
        self.__dict__.update(_link=link, _root=root, __all__=[name for name in lent if name[0] != "_"])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._link.ask("get", self._root, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._link.ask("set", self._root, name, value)


def _loaded_here(program: str, names: Names) -> dict[str, Any]:
    module = types.ModuleType("solution")
    sys.modules["solution"] = sys.modules["main"] = module
    exec(compile(program, "solution.py", "exec"), module.__dict__)  # noqa: S102  # that is its purpose
    return _lent(list(vars(module)), names, vars(module).__getitem__)


def _loaded_there(program: str, names: Names) -> dict[str, Any]:
    link = Link(frozenset(name for name in names.of_program if name[0].isupper()))
    there, root = link.ask("load", program)
    # As at the tests' own side, so on the program's: how deep calls may go is its limit too.
    sys.setrecursionlimit = lambda depth: link.ask("depth", depth)
    sys.modules["solution"] = sys.modules["main"] = module = _StandIn(link, _own(there, names), root)
    return _lent(there, names, lambda name: getattr(module, name))


def _lent(there: list[str], names: Names, get: Callable[[str], Any]) -> dict[str, Any]:
    """Return names of the program as tests have them: the modules are Python's own, whatever it calls by their names."""
    theirs = {name: importlib.import_module(name) for name in there if name in _modules(names) & names.used}
    return theirs | {name: get(name) for name in _own(there, names) if name in names.used}


def _own(there: list[str], names: Names) -> list[str]:
    """Return the names that are lent, none that is built in: a program must not bring another `all` into tests."""
    return [name for name in there if name not in vars(builtins).keys() | _modules(names)]


def _modules(names: Names) -> frozenset[str]:
    return sys.stdlib_module_names - names.called


def _exists(module: str) -> bool:
    try:
        return module in sys.modules or importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
