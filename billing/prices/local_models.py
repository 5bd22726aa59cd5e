"""Reads `PONDER_GGUF`: models in files on the operator's machine, in the panel as `local/NAME`."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from billing.prices.gguf import GGUFError, context_length
from billing.prices.setting import SettingPrice, electricity_rates

LOCAL_PROVIDER = "local"

EXPECTED = (
    "Set it to the paths of GGUF files, such as /models/Qwen3-4B-Q4_K_M.gguf; separate several with commas."
)
_OTHER = re.compile(r"[^A-Za-z0-9._-]+")


class LocalModel(NamedTuple):
    """A model of `PONDER_GGUF`; `context_window` in tokens, for prompt and reply together."""

    name: str
    path: Path
    context_window: int

    def price(self) -> SettingPrice:
        """Return the default price, which an entry of `PONDER_PRICES` with the model's name replaces."""
        return SettingPrice(model=self.name, rates=electricity_rates(self.context_window))


def parse_local_models(paths: Sequence[str], *, most_context: int) -> list[LocalModel]:
    """Return the models of the files. Raises ValueError that names the setting and what to write."""
    found = [_parse(path.strip(), most_context) for path in paths if path.strip()]
    names = [model.name for model in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"PONDER_GGUF: two files would both be {name}. Rename one, or keep one.")
    return found


def local_name(path: Path) -> str:
    """Return the name of a file's model, as its server has it (demo_model/engine.py)."""
    return f"{LOCAL_PROVIDER}/{_OTHER.sub('-', path.stem).strip('-') or 'model'}"


def _parse(text: str, most_context: int) -> LocalModel:
    path = Path(text).expanduser()
    try:
        context = context_length(path)
    except GGUFError as error:
        raise ValueError(f"PONDER_GGUF: {path} {error}. {EXPECTED}") from None
    return LocalModel(local_name(path), path, min(context, most_context))
