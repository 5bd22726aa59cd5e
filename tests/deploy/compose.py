"""Reads a compose file as `docker compose` does: anchors, interpolation, `env_file` and `environment`.

What it follows (https://docs.docker.com/reference/compose-file/): variables of the file come from the shell, then from
`.env` beside it; a name under `environment` without a value is passed on from there, and left out where it is not set;
`environment` wins over `env_file`.
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

_ASSIGNMENT = re.compile(r"(?:export\s+)?([A-Za-z_][\w.-]*)\s*[=:]\s*(.*)")
_NAME = re.compile(r"[A-Za-z_]\w*")
_OPERATORS = (":-", ":?", ":+", "-", "?", "+")


class ComposeError(Exception):
    """A file that `docker compose` refuses."""


def resolve(text: str, *, shell: Mapping[str, str], files: Mapping[str, str]) -> dict[str, Any]:
    """Return the services with their `environment` resolved; `files` are those beside the compose file, by path."""
    project = {**read_env_file(files.get(".env", ""), shell), **shell}
    services: dict[str, Any] = _interpolated(yaml.safe_load(text)["services"], project)
    for service in services.values():
        service["environment"] = _environment_of(service, project, files)
    return services


def _environment_of(
    service: Mapping[str, Any], project: Mapping[str, str], files: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables that the container gets."""
    found: dict[str, str] = {}
    for entry in _env_files(service.get("env_file")):
        path = entry["path"].removeprefix("./")
        if path in files:
            found |= read_env_file(files[path], project)
        elif entry.get("required", True):
            raise ComposeError(f"{path} is missing")
    given = service.get("environment") or {}
    if isinstance(given, list):
        given = {
            name: value if sign else None for name, sign, value in (each.partition("=") for each in given)
        }
    for name, value in given.items():
        if value is not None:
            found[name] = str(value)
        elif name in project:
            found[name] = project[name]
        else:
            found.pop(name, None)
    return found


def _env_files(given: Any) -> list[dict[str, Any]]:
    """Return the long form of `env_file`."""
    entries = given if isinstance(given, list) else [given] if given else []
    return [{"path": entry} if isinstance(entry, str) else entry for entry in entries]


def read_env_file(text: str, outer: Mapping[str, str]) -> dict[str, str]:
    """Return what a file of assignments sets; `outer` wins inside of `${…}`."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _ASSIGNMENT.fullmatch(line.strip())
        if not match or line.lstrip().startswith("#"):
            continue
        name, value = match.groups()
        if quoted := re.match(r"'((?:[^'\\]|\\.)*)'", value):
            found[name] = quoted[1].replace("\\'", "'")
        elif quoted := re.match(r'"((?:[^"\\]|\\.)*)"', value):
            found[name] = interpolate(quoted[1].replace('\\"', '"'), {**found, **outer})
        else:
            found[name] = interpolate(re.split(r"\s+#", value)[0].strip(), {**found, **outer})
    return found


def _interpolated(node: Any, values: Mapping[str, str]) -> Any:
    """Interpolate every value below `node`; keys stay as they are."""
    if isinstance(node, dict):
        return {key: _interpolated(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_interpolated(value, values) for value in node]
    return interpolate(node, values) if isinstance(node, str) else node


def interpolate(text: str, values: Mapping[str, str]) -> str:
    """Replace `$NAME`, `${NAME}`, `${NAME:-default}` and their kin; `$$` is a dollar sign. Raises ComposeError."""
    parts: list[str] = []
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        parts.append(text[at:dollar])
        following = text[dollar + 1 : dollar + 2]
        if following == "$":
            parts.append("$")
            at = dollar + 2
        elif following == "{":
            end = _closing(text, dollar + 1)
            parts.append(_substitute(text[dollar + 2 : end], values))
            at = end + 1
        elif name := _NAME.match(text, dollar + 1):
            parts.append(values.get(name[0], ""))
            at = name.end()
        else:
            raise ComposeError(f"invalid interpolation format: {text}")
    return "".join([*parts, text[at:]])


def _closing(text: str, opening: int) -> int:
    """Return where the brace that opens at `opening` closes."""
    depth = 0
    for at in range(opening, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
    raise ComposeError(f"unclosed brace: {text}")


def _substitute(inner: str, values: Mapping[str, str]) -> str:
    """Return the value of what stands between the braces."""
    name = _NAME.match(inner)
    if not name:
        raise ComposeError(f"invalid variable: {inner}")
    value, rest = values.get(name[0]), inner[name.end() :]
    operator = next((sign for sign in _OPERATORS if rest.startswith(sign)), "")
    if rest and not operator:
        raise ComposeError(f"invalid variable: {inner}")
    word = rest[len(operator) :]
    is_set = bool(value) if operator.startswith(":") else value is not None
    match operator[-1:]:
        case "-":
            return (value or "") if is_set else interpolate(word, values)
        case "+":
            return interpolate(word, values) if is_set else ""
        case "?" if not is_set:
            raise ComposeError(f"{name[0]}: {interpolate(word, values)}")
    return value or ""
