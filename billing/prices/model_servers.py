"""Asks a model server of the operator's own which models it has: Ollama, LM Studio, vLLM, llama.cpp, or any other.

Standard library only: whoever lists models need not load litellm.
"""

import http.client
import json
import logging
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from solver.providers.environment import root_of

logger = logging.getLogger(__name__)

_ASK_S = 5
_LEAST_CONTEXT = 4_096
"""What is assumed of a server that does not say."""
_MOST_CONTEXT = 2**24
_NUM_CTX = re.compile(r"^num_ctx\s+([0-9]{1,9})\s*$", re.MULTILINE)
_NO_CHAT = frozenset({"embedding", "embeddings"})


class ServedModel(NamedTuple):
    """A model as its server tells of it. `context_window` in tokens, for prompt and reply together.

    What it can do beside chatting is what Ollama, LM Studio and llama.cpp say of it; others do not tell.
    """

    name: str
    context_window: int
    reasons: bool = False
    sees: bool = False
    calls_tools: bool = False


class ServerSilent(Exception):
    """A server does not say which models it has; the message says what was tried."""


def served_models(address: str, *, key: str = "") -> list[ServedModel]:
    """Return the models that a server has for chats, in its order. Raises ServerSilent."""
    root = root_of(address)
    found = _get(f"{root}/v1/models", key)
    listed = found.get("data")
    if not isinstance(listed, list):
        raise ServerSilent(f"{root}/v1/models lists no models.")
    names = [each for each in listed if isinstance(each, Mapping) and isinstance(each.get("id"), str)]
    of_studio = _by_name(_get_if_any(f"{root}/api/v0/models", key).get("data"), "id")
    loaded = _by_name(_get_if_any(f"{root}/api/ps", key).get("models"), "name")
    served = [_served(root, key, each, of_studio, loaded) for each in names]
    return [model for model in served if model is not None]


def _served(
    root: str,
    key: str,
    told: Mapping[str, Any],
    of_studio: Mapping[str, Mapping[str, Any]],
    loaded: Mapping[str, Mapping[str, Any]],
) -> ServedModel | None:
    """Return one model with the context that it is served with; None for one that does not chat."""
    name = told["id"]
    studio = of_studio.get(name, {})
    if studio.get("type") in _NO_CHAT:
        return None
    shown: Mapping[str, Any] = {}
    if not studio and not _context_in(told):
        shown = _get_if_any(f"{root}/api/show", key, {"model": name})
    skills = _skills_in(shown)
    if skills and "completion" not in skills:
        return None
    trained = _trained_for(told)
    props = _get_if_any(f"{root}/props", key) if trained else {}
    context = (
        _context_in(told)
        or _whole(studio.get("loaded_context_length"))
        or _whole(studio.get("max_context_length"))
        or _of_ollama(shown, loaded.get(name, {}))
        or _of_llama_cpp(props)
        or min(trained, _LEAST_CONTEXT)
        or _LEAST_CONTEXT
    )
    modalities = props.get("modalities")
    return ServedModel(
        name,
        min(context, _MOST_CONTEXT),
        reasons="thinking" in skills,
        sees="vision" in skills
        or studio.get("type") == "vlm"
        or (isinstance(modalities, Mapping) and modalities.get("vision") is True),
        calls_tools="tools" in skills or "tool_use" in _skills_in(studio),
    )


def _skills_in(told: Mapping[str, Any]) -> frozenset[str]:
    skills = told.get("capabilities")
    return frozenset(map(str, skills)) if isinstance(skills, list) else frozenset()


def _context_in(told: Mapping[str, Any]) -> int:
    """Return the context of a line of `/v1/models`: vLLM's, llama.cpp's where it tells it, or that of a proxy."""
    meta = told.get("meta")
    meta = meta if isinstance(meta, Mapping) else {}
    for value in (
        told.get("max_model_len"),
        meta.get("n_ctx"),
        told.get("context_length"),
        told.get("context_window"),
    ):
        if found := _whole(value):
            return found
    return 0


def _of_ollama(shown: Mapping[str, Any], loaded: Mapping[str, Any]) -> int:
    """Return the context that Ollama gives a model: as its file or its server sets it, else the longest it could have."""
    if found := _NUM_CTX.search(str(shown.get("parameters") or "")):
        return int(found[1])
    info = shown.get("model_info")
    info = info if isinstance(info, Mapping) else {}
    longest = next(
        (_whole(value) for name, value in info.items() if str(name).endswith(".context_length")), 0
    )
    return _whole(loaded.get("context_length")) or longest


def _trained_for(told: Mapping[str, Any]) -> int:
    """Return the context that a model of llama.cpp was trained for: as a rule far more than it is served with."""
    meta = told.get("meta")
    return _whole(meta.get("n_ctx_train")) if isinstance(meta, Mapping) else 0


def _of_llama_cpp(props: Mapping[str, Any]) -> int:
    """Return the context of one slot of llama.cpp."""
    settings = props.get("default_generation_settings")
    return _whole(settings.get("n_ctx")) if isinstance(settings, Mapping) else 0


def _whole(value: Any) -> int:
    return value if type(value) is int and value > 0 else 0


def _by_name(listed: Any, name: str) -> dict[str, Mapping[str, Any]]:
    rows = listed if isinstance(listed, list) else []
    return {str(row[name]): row for row in rows if isinstance(row, Mapping) and name in row}


def _get_if_any(url: str, key: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """Return what is there, or nothing: only some servers know this path."""
    try:
        return _get(url, key, body)
    except ServerSilent:
        return {}


def _get(url: str, key: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """Return the JSON object at an address. Raises ServerSilent."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ServerSilent(f"{url} is not the address of a server: write http(s)://host:port.")
    request = urllib.request.Request(  # noqa: S310  (checked above)
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})},
    )
    try:
        with urllib.request.urlopen(request, timeout=_ASK_S) as answer:  # noqa: S310  (checked above)
            found = json.load(answer)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ServerSilent(f"{url} does not answer: {error}") from error
    if not isinstance(found, Mapping):
        raise ServerSilent(f"{url} answers with something else than JSON.")
    return found
