"""The settings as three places know them: docs/settings.md, the code that reads them, and docker-compose.yml.

`python -m tests.deploy.settings_lists` writes the list of docker-compose.yml anew from docs/settings.md.
"""

import ast
import re
import sys
import textwrap
from pathlib import Path

from solver.providers.environment import OPENAI_BASE_URLS, OWN_SERVERS, PROVIDER_KEYS

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"
SETTINGS_MODULES = ("reasoning_app/settings.py", "reasoning_app/paths.py", "reasoning_app/tool_settings.py")
NO_FILE_FORM = frozenset({"DATA_DIR"})  # read before anything else, by programs that load no settings
_BEGIN = "# Every name of docs/settings.md, with its _FILE form; `python -m tests.deploy.settings_lists` writes this.\n"
_BLOCK = re.compile(re.escape(_BEGIN) + r"x-settings: &settings\n.*?\n\n", re.DOTALL)
_A_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_READERS = {"env", "_env", "environ", "os"}  # env.str("NAME"), os.environ.get("NAME")


def documented() -> list[str]:
    """Return the names in the first column of the tables of docs/settings.md, in their order."""
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([A-Z][A-Z0-9_]*)`", row)]


def provider_variables() -> list[str]:
    """Return the variables under which litellm's providers are configured."""
    own = [name for names in OWN_SERVERS.values() for name in names]
    return [*(key for keys in PROVIDER_KEYS.values() for key in keys), *OPENAI_BASE_URLS, *own]


def read_by_code() -> set[str]:
    """Return the names that the settings read, and those of the providers."""
    found = set(provider_variables())
    for module in SETTINGS_MODULES:
        for node in ast.walk(ast.parse((ROOT / module).read_text())):
            if isinstance(node, ast.Call) and node.args and _reads_a_setting(node.func):
                first = node.args[0]
                if isinstance(first, ast.Constant) and _A_NAME.fullmatch(str(first.value)):
                    found.add(str(first.value))
    return found


def _reads_a_setting(function: ast.expr) -> bool:
    """Whether a call of it reads the environment: `env.str(…)`, `os.environ.get(…)` or a helper such as `_whole(…)`."""
    if isinstance(function, ast.Name):
        return function.id.startswith("_") or function.id == "env"
    while isinstance(function, ast.Attribute):
        function = function.value
    return isinstance(function, ast.Name) and function.id in _READERS


def passed_on() -> list[str]:
    """Return the names that docker-compose.yml has to pass on: the documented ones, each with its `_FILE` form."""
    return [
        each for name in documented() for each in ([name] if name in NO_FILE_FORM else [name, f"{name}_FILE"])
    ]


def compose_block() -> str:
    """Return the block of docker-compose.yml that names them, the blank line after it included."""
    lines = textwrap.fill(", ".join(passed_on()), width=116, initial_indent="  ", subsequent_indent="  ")
    return f"{_BEGIN}x-settings: &settings\n  {{\n{textwrap.indent(lines, '  ')},\n  }}\n\n"


def written_block() -> str:
    """Return the block as it stands in docker-compose.yml; empty where it is missing."""
    match = _BLOCK.search(COMPOSE_FILE.read_text())
    return match[0] if match else ""


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(written_block() != compose_block())
    COMPOSE_FILE.write_text(_BLOCK.sub(compose_block(), COMPOSE_FILE.read_text()))
