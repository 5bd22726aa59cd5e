"""By what a program could reach the tests that share its process. Given to the tests' side as a text.

Such tests pass only for programs that have nothing of the kind: what could call itself equal to everything, replace what
the tests use, or look at the frames of whoever calls. What is not on a list counts as a reach: a program is not believed
for what nobody has thought of.
"""

import ast
import re
import sys
from collections.abc import Set as AbstractSet

_HARMLESS_MODULES = """
__future__ abc array asyncio bisect calendar cmath collections concurrent contextlib copy dataclasses datetime decimal
enum fractions functools hashlib heapq itertools json logging math mpmath numbers numpy operator queue random re secrets
statistics string struct sympy textwrap threading time typing unicodedata uuid weakref zlib
"""
_REACHING_NAMES = """
__import__ __builtins__ __loader__ __spec__ breakpoint compile delattr eval exec getattr globals hasattr locals setattr
vars
"""
# What leads to frames, runs a text, or reads memory that is not its own.
_REACHING_ATTRIBUTES = """
gi_frame cr_frame ag_frame tb_frame f_back f_globals f_locals f_builtins attrgetter methodcaller get_type_hints sympify
parse_expr lambdify ctypeslib as_strided
"""
_HARMLESS_OF_SYS = """
argv byteorder exit float_info getrecursionlimit hash_info int_info maxsize maxunicode platform setrecursionlimit stderr
stdin stdout version version_info
"""
# With a name that is written out each is what a dot is.
_BY_NAME = frozenset({"delattr", "getattr", "hasattr", "setattr"})
_HARMLESS_METHODS = """
init post_init new repr str len iter next enter exit aenter aexit call hash getitem setitem delitem lt missing reversed
await aiter anext
"""
_MODULES = frozenset(_HARMLESS_MODULES.split())
_OF_SYS = frozenset(_HARMLESS_OF_SYS.split())
_ATTRIBUTES = frozenset(_REACHING_ATTRIBUTES.split())
_NAMES = _ATTRIBUTES | frozenset(_REACHING_NAMES.split())
_METHODS = frozenset(f"__{name}__" for name in _HARMLESS_METHODS.split())
_DUNDER = re.compile(r"__\w+__")


def reach_of(program: str, named: AbstractSet[str]) -> str:
    """Return what could reach the tests, empty where nothing could. `named` are the program's classes in the tests.

    Raises SyntaxError and the like for what is no program.
    """
    tree = ast.parse(program)
    modules = {
        each.asname or each.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for each in node.names
    }
    owners = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    owners |= {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and _attribute_of(node)}
    for node in ast.walk(tree):
        # Under another name it would be looked at with other eyes.
        is_bare = isinstance(node, ast.Name) and node.id in modules and id(node) not in owners
        is_by_name = isinstance(node, ast.Name) and node.id in _BY_NAME and id(node) in owners
        if not is_by_name and (found := ast.unparse(node) if is_bare else _reach_of(node, named, modules)):
            return found
    return ""


def _attribute_of(call: ast.Call) -> ast.Attribute | None:
    """Return what `getattr(x, "name", …)` and the like ask for as if it were written `x.name`, or None."""
    match call:
        case ast.Call(
            func=ast.Name(id=asks), args=[owner, ast.Constant(value=str(name)), *_], keywords=[]
        ) if asks in _BY_NAME:
            return ast.Attribute(owner, name, ast.Load() if asks in {"getattr", "hasattr"} else ast.Store())
    return None


def _reach_of(node: ast.AST, named: AbstractSet[str], modules: AbstractSet[str]) -> str:
    match node:
        case ast.Import() | ast.ImportFrom():
            return _reach_of_import(node)
        case ast.Name(id=name) if name in _NAMES:
            return name
        case ast.Attribute():
            return _reach_of_attribute(node, modules)
        case ast.Call(func=ast.Name(id=name)) if name in _BY_NAME:
            asked = _attribute_of(node)
            return _reach_of_attribute(asked, modules) if asked else name
        case ast.Call(func=ast.Name(id="type"), args=args) if len(args) != 1:
            return "type"
        case ast.ClassDef(name=name, body=body) if name not in named:
            own = {each for part in body for each in _defined(part)}
            return min((each for each in own if _DUNDER.fullmatch(each) and each not in _METHODS), default="")
        case ast.Constant(value=str(text)) if "__" in text and text != "__main__":
            return text[:40]
    return ""


def _reach_of_import(node: ast.Import | ast.ImportFrom) -> str:
    if isinstance(node, ast.Import):
        return next((each.name for each in node.names if not _is_harmless(each)), "")
    if node.module == "sys" and not node.level:
        return next((f"sys.{each.name}" for each in node.names if each.name not in _OF_SYS), "")
    if (node.module or "").partition(".")[0] not in _MODULES:
        return node.module or "."
    return next((each.name for each in node.names if _is_hidden(each.name) or each.name in _ATTRIBUTES), "")


def _reach_of_attribute(node: ast.Attribute, modules: AbstractSet[str]) -> str:
    root = node.value
    while isinstance(root, ast.Attribute):
        root = root.value
    is_of_module = isinstance(root, ast.Name) and root.id in modules
    if is_of_module and (not isinstance(node.ctx, ast.Load) or _is_hidden(node.attr)):
        return ast.unparse(node)
    if isinstance(node.value, ast.Name) and node.value.id == "sys" and node.attr not in _OF_SYS:
        return ast.unparse(node)
    is_inner = _DUNDER.fullmatch(node.attr) and node.attr not in {"__init__", "__name__"}
    return node.attr if is_inner or node.attr in _ATTRIBUTES else ""


def _is_harmless(part: ast.alias) -> bool:
    """Tell whether a module has nothing to reach with, or is `sys` by this name, of which some things are taken."""
    return part.name.partition(".")[0] in _MODULES or (part.name == "sys" and part.asname is None)


def _is_hidden(name: str) -> bool:
    """Tell whether a module has by this name what is not its own: `random._os`, `typing.sys`."""
    return name.startswith("_") or (name in sys.stdlib_module_names and name not in _MODULES)


def _defined(part: ast.stmt) -> set[str]:
    """Return all names that a part of a class's body may define."""
    named = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {
        each.name if isinstance(each, named) else each.id
        for each in ast.walk(part)
        if isinstance(each, named) or (isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store))
    } | {each.asname for each in ast.walk(part) if isinstance(each, ast.alias) and each.asname}
