"""Which providers the environment configures, under litellm's own variable names. Standard library only."""

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from urllib.parse import urlsplit

PROVIDER_KEYS: dict[str, tuple[str, ...]] = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "mistral": ("MISTRAL_API_KEY",),
    "xai": ("XAI_API_KEY",),
    "groq": ("GROQ_API_KEY",),
    "together_ai": ("TOGETHERAI_API_KEY", "TOGETHER_AI_API_KEY"),
}
"""Variables by provider, for the providers that the shipped price list knows."""

OPENAI_BASE_URLS = ("OPENAI_BASE_URL", "OPENAI_API_BASE")
"""An OpenAI-compatible server in OpenAI's place; it may need no key."""

OWN_SERVERS: dict[str, tuple[str, str]] = {
    "ollama": ("OLLAMA_API_BASE", "OLLAMA_API_KEY"),
    "lm_studio": ("LM_STUDIO_API_BASE", "LM_STUDIO_API_KEY"),
    "vllm": ("HOSTED_VLLM_API_BASE", "HOSTED_VLLM_API_KEY"),
    "llama_cpp": ("LLAMA_CPP_API_BASE", "LLAMA_CPP_API_KEY"),
    "openai_like": ("OPENAI_LIKE_API_BASE", "OPENAI_LIKE_API_KEY"),
}
"""Servers of the operator's own by provider: the variable of the address, and that of a key where they want one."""


def own_servers(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return provider → address of the operator's own servers that are configured."""
    values = os.environ if environ is None else environ
    return {
        provider: address
        for provider, (variable, _) in OWN_SERVERS.items()
        if (address := values.get(variable, "").strip())
    }


def root_of(address: str) -> str:
    """Return the address of a server without the path of its OpenAI-compatible part."""
    return address.rstrip("/").removesuffix("/v1")


def own_server_key(provider: str, environ: Mapping[str, str] | None = None) -> str:
    """Return the key of a server of the operator's own; nothing where it wants none."""
    values = os.environ if environ is None else environ
    return values.get(OWN_SERVERS[provider][1], "").strip()


def _all_variables() -> list[str]:
    keys = [key for names in PROVIDER_KEYS.values() for key in names]
    return [*keys, *OPENAI_BASE_URLS, *(name for names in OWN_SERVERS.values() for name in names)]


def configured_variables(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return provider → the variable that configures it."""
    values = os.environ if environ is None else environ
    found = {}
    for provider, keys in PROVIDER_KEYS.items():
        names = (*keys, *OPENAI_BASE_URLS) if provider == "openai" else keys
        for name in names:
            set_as = next((v for v in (name, f"{name}_FILE") if values.get(v, "").strip()), None)
            if set_as:
                found[provider] = set_as
                break
    return found | {provider: OWN_SERVERS[provider][0] for provider in own_servers(values)}


def openai_base_url(environ: Mapping[str, str] | None = None) -> str:
    """Return the address of the OpenAI-compatible server, or nothing: then it is OpenAI's own."""
    values = os.environ if environ is None else environ
    return next((values[name] for name in OPENAI_BASE_URLS if values.get(name)), "")


def load_key_files(environ: MutableMapping[str, str] | None = None) -> None:
    """Set `X` from the file that `X_FILE` names, for every provider's variable. Raises ValueError naming the variable."""
    values = os.environ if environ is None else environ
    for name in _all_variables():
        path = values.get(f"{name}_FILE", "").strip()
        if path and not values.get(name):
            try:
                values[name] = Path(path).read_text().strip()
            except OSError as error:
                raise ValueError(
                    f"{name}_FILE: {path} cannot be read ({error.strerror}). Name a readable file."
                ) from error


def check_base_urls(environ: Mapping[str, str] | None = None) -> None:
    """Refuse an address that holds a user or a password: no call would reach it. Raises ValueError without them."""
    values = os.environ if environ is None else environ
    for name in (*OPENAI_BASE_URLS, *(address for address, _ in OWN_SERVERS.values())):
        if "@" in urlsplit(values.get(name, "")).netloc:
            raise ValueError(
                f"{name}: the address holds a user or a password, which is not passed on. Write http(s)://host:port/path "
                f"and put the key into {_key_beside(name)}."
            )
    for name, address in own_servers(values).items():
        if urlsplit(address).scheme not in {"http", "https"} or not urlsplit(address).hostname:
            raise ValueError(
                f"{OWN_SERVERS[name][0]}: “{address[:100]}” is not an address. Write http(s)://host:port, such as "
                "http://127.0.0.1:11434."
            )


def _key_beside(name: str) -> str:
    """Return the variable of the key that belongs to an address's variable."""
    return next((key for address, key in OWN_SERVERS.values() if address == name), "OPENAI_API_KEY")
