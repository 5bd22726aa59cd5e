"""How tests get at the program: where it runs follows from what they say, never from what the program does."""

import ast
import builtins
import importlib
import importlib.util
import sys
import types
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
        *("monkeypatch", "patch", "setrecursionlimit", "tracemalloc"),
    }
)
"""Modules and names that reach into the program, or have it run beside the tests."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names in tests, by what they are there. `imported` are of modules that exist, and these."""

    used: set[str] = field(default_factory=set)
    called: set[str] = field(default_factory=set)
    defined: set[str] = field(default_factory=set)
    imported: set[str] = field(default_factory=set)
    bases: set[str] = field(default_factory=set)

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
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
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
            case ast.ImportFrom(module=str(module), names=parts) if _exists(module):
                names.imported.update({module, *(each.asname or each.name for each in parts)})
            case ast.ImportFrom(names=parts):
                names.used.update(each.name for each in parts)
            case ast.Import(names=parts):
                names.imported.update(each.name for each in parts if _exists(each.name))
    return names


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
    return _loaded_here(program) if names.need_one_process else _loaded_there(program, names)


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


def _loaded_here(program: str) -> dict[str, Any]:
    module = types.ModuleType("solution")
    sys.modules["solution"] = sys.modules["main"] = module
    exec(compile(program, "solution.py", "exec"), module.__dict__)  # noqa: S102  # that is its purpose
    return dict(module.__dict__)


def _loaded_there(program: str, names: Names) -> dict[str, Any]:
    """Lend no name that is built in, and no module: a program must not bring another `all` or `math` into tests."""
    modules = sys.stdlib_module_names - names.called
    own = vars(builtins).keys() | modules
    classes = {name for name in names.used - names.defined - names.imported - own if name[0].isupper()}
    link = Link(frozenset(classes))
    there, root = link.ask("load", program)
    lent = [name for name in there if name not in own]
    sys.modules["solution"] = sys.modules["main"] = module = _StandIn(link, lent, root)
    theirs = {name: importlib.import_module(name) for name in there if name in modules & names.used}
    return theirs | {name: getattr(module, name) for name in lent if name in names.used}


def _exists(module: str) -> bool:
    try:
        return module in sys.modules or importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
