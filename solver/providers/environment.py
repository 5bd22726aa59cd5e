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
    return found


def openai_base_url(environ: Mapping[str, str] | None = None) -> str:
    """Return the address of the OpenAI-compatible server, or nothing: then it is OpenAI's own."""
    values = os.environ if environ is None else environ
    return next((values[name] for name in OPENAI_BASE_URLS if values.get(name)), "")


def load_key_files(environ: MutableMapping[str, str] | None = None) -> None:
    """Set `X` from the file that `X_FILE` names, for every provider's variable. Raises ValueError naming the variable."""
    values = os.environ if environ is None else environ
    for name in (*(key for keys in PROVIDER_KEYS.values() for key in keys), *OPENAI_BASE_URLS):
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
    for name in OPENAI_BASE_URLS:
        if "@" in urlsplit(values.get(name, "")).netloc:
            raise ValueError(
                f"{name}: the address holds a user or a password, which is not passed on. Write http(s)://host:port/path "
                "and put the key into OPENAI_API_KEY."
            )
