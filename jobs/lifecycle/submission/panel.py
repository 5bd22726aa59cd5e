"""Which models a job may use: the panel of this installation, as cards with prices and priors.

Without a provider it is the bundled demo models. One provider key in the environment brings that provider's models of
the price list, PONDER_GGUF models in files; PONDER_MODELS names exactly the ones to use. Of a panel those models are
asked that are for the problem's kind, unless the person names models.
"""

from collections.abc import Sequence

from django.conf import settings

from billing.models import Price
from billing.prices.book import (
    calling_models,
    kinds_by_model,
    price_book,
    rates_of,
    reasoning_models,
    seeing_models,
)
from billing.prices.local_models import LOCAL_PROVIDER
from billing.prices.served import served_model_names
from billing.prices.shipped_list import BUNDLED_PROVIDER, default_panel, is_bundled
from jobs.core.errors import SubmitError
from solver import at_cheaper_tier, fitting, has_half_price, least_prompt_tokens, prompt_bytes
from solver.core.models import ModelCard
from solver.core.problem.statement import Problem
from solver.learning.priors import (
    ABILITY_BY_RANK,
    DEMO_OUTPUT,
    OUTPUT_BY_RANK,
    WRITER_AT_ONCE,
    demo_fields,
)
from solver.providers.environment import (
    OWN_SERVERS,
    configured_variables,
    openai_base_url,
    own_servers,
    root_of,
)


def model_names() -> list[str]:
    """Return the names of the panel, weakest first where the price list orders them."""
    if settings.PONDER_MODELS:
        return list(settings.PONDER_MODELS)
    local = [model.name for model in settings.PONDER_GGUF]
    bundled = [] if local else [BUNDLED_PROVIDER]
    return local + served_model_names() + default_panel(configured_variables() or bundled)


def is_bundled_panel() -> bool:
    """Tell whether the panel consists of the bundled demo models alone."""
    return all(is_bundled(name) for name in model_names())


def offers_half_price() -> bool:
    """Tell whether a job that may wait would pay less for some model of the panel."""
    if is_bundled_panel():
        return False
    book = price_book()
    return any(
        has_half_price(rates_of(book[name]), has_batches=_has_batches(name))
        for name in model_names()
        if name in book
    )


def build_panel(names: Sequence[str] = ()) -> list[ModelCard]:
    """Return the cards of the named models, or of the whole panel. Raises SubmitError for a model without a price."""
    allowed = model_names()
    chosen = list(dict.fromkeys(names or allowed))
    unknown = [name for name in chosen if name not in allowed]
    if unknown:
        raise SubmitError(
            f"Model “{unknown[0][:80]}” is not available here. Choose from: {', '.join(allowed) or 'none'}.",
            field="models",
            code="unknown_model",
        )
    book = price_book()
    reasoning, seeing, calling = reasoning_models(book), seeing_models(book), calling_models(book)
    unpriced = [name for name in chosen if name not in book]
    if unpriced:
        raise SubmitError(
            f"Model “{unpriced[0][:80]}” has no approved price, so it cannot run. Set PONDER_PRICES, for example "
            f"“{unpriced[0][:80]}=0.10/0.40/128000/16384” (dollars per million input and output tokens, context window, "
            "longest output), or choose a model listed by `manage.py prices`.",
            field="models",
            code="no_price",
        )
    if not chosen:
        raise SubmitError(
            "No model is available: the price list has no models of the configured provider. Set PONDER_MODELS.",
            field="models",
            code="no_models",
        )
    count, kinds = len(chosen), kinds_by_model()
    return [
        _card(
            book[name],
            rank=index / max(count - 1, 1),
            reasons=name in reasoning,
            sees=name in seeing,
            calls_tools=name in calling,
            kinds=kinds.get(name, ()),
        )
        for index, name in enumerate(chosen)
    ]


def panel_for(
    problem: Problem, names: Sequence[str] = (), *, may_wait_s: int | None = None
) -> list[ModelCard]:
    """Return the cards of the models that a job with this problem may use. Raises SubmitError, also where none can.

    Without `names` they are the models that are for this kind of problem, where the panel has any. A job that may wait
    asks for a cheaper service tier, where a model has one.
    """
    panel = build_panel(names)
    if may_wait_s is not None:
        panel = [at_cheaper_tier(card, may_wait_s=may_wait_s) for card in panel]
    if problem.pictures:
        panel = _seeing(panel)
    if not names:
        panel = [card for card in panel if card.is_for(problem.kind)] or panel
    if chosen := fitting(panel, problem):
        return chosen
    widest = max(panel, key=lambda card: card.context_window)
    tokens = least_prompt_tokens(widest, prompt_bytes(problem.messages()))
    raise SubmitError(
        f"This problem is too long for the models: it has at least {tokens:,} tokens, and {widest.name}, which takes "
        f"the most, has room for {widest.context_window:,} with its reply. "
        "Shorten the problem, or choose a model with a larger context window.",
        field="problem",
        code="too_long_for_models",
    )


def _seeing(panel: Sequence[ModelCard]) -> list[ModelCard]:
    """Return the cards of the models that can be shown pictures. Raises SubmitError where there is none."""
    if seeing := [card for card in panel if card.sees]:
        return seeing
    raise SubmitError(
        f"There are pictures among the files, and none of the models sees: {', '.join(card.name for card in panel[:5])}. "
        "Choose a model that does, or untick the pictures and say in the problem what they show.",
        field="attached",
        code="no_model_sees",
    )


def _card(
    price: Price, *, rank: float, reasons: bool, sees: bool, calls_tools: bool, kinds: tuple[str, ...]
) -> ModelCard:
    """Return the card of one model; `rank` is its place in the panel, 0 (weakest) to 1."""
    provider, _, short = price.model.partition("/")
    bundled, local = is_bundled(price.model), provider == LOCAL_PROVIDER
    background = not bundled and price.model in settings.PONDER_BACKGROUND_MODELS
    strength = "strong" if rank > 0.5 or reasons else "weak"
    known = (
        demo_fields(short)
        if bundled and short in DEMO_OUTPUT
        else {
            "output": OUTPUT_BY_RANK["reasoning" if reasons else strength],
            "ability": ABILITY_BY_RANK[strength],
            "at_once": WRITER_AT_ONCE if local else 0,
        }
    )
    return ModelCard(
        name=price.model,
        litellm_model=f"openai/{short}" if bundled or local or provider in OWN_SERVERS else price.model,
        family=provider,
        rates=rates_of(price),
        price_id=price.pk,
        context_window=price.context_window,
        max_output_tokens=price.max_output_tokens,
        api_base=_base(price.model),
        bundled=bundled,
        kinds=kinds,
        reasons=reasons,
        sees=sees,
        calls_tools=calls_tools,
        timeout_s=_timeout_s(quick=bundled and not known.get("writes_prose"), background=background),
        background=background,
        has_batches=_has_batches(price.model),
        **known,
    )


def _has_batches(model: str) -> bool:
    """Tell whether a model's provider takes batches, by setting: the model is named, or its provider."""
    return not is_bundled(model) and bool({model, model.partition("/")[0]} & set(settings.PONDER_BATCHES))


def _timeout_s(*, quick: bool, background: bool) -> float:
    if background:
        return float(settings.PONDER_BACKGROUND_TIMEOUT_S)
    return min(float(settings.PONDER_CALL_TIMEOUT_S), 60.0 if quick else float("inf"))


def _base(model: str) -> str:
    """Return the address of a model's server; empty where litellm knows it. Raises SubmitError for one without any."""
    provider, _, short = model.partition("/")
    if is_bundled(model):
        return _bundled_base(short)
    if provider == LOCAL_PROVIDER:
        return _local_base(model)
    if provider in OWN_SERVERS:
        return _own_base(model, provider)
    return openai_base_url() if provider == "openai" else ""


def _own_base(model: str, provider: str) -> str:
    """Return where the operator's own server speaks as OpenAI does. Raises SubmitError where there is none."""
    address = own_servers().get(provider)
    if address is None:
        variable = OWN_SERVERS[provider][0]
        raise SubmitError(
            f"There is no server for “{model[:80]}”. Set {variable} to its address, or take the model out of "
            "PONDER_MODELS.",
            field="models",
            code="no_address",
        )
    return f"{root_of(address)}/v1"


def _local_base(model: str) -> str:
    if all(each.name != model for each in settings.PONDER_GGUF):
        names = ", ".join(each.name for each in settings.PONDER_GGUF) or "none"
        raise SubmitError(
            f"There is no file for “{model[:80]}”: PONDER_GGUF has {names}. Add the file's path to PONDER_GGUF, or take "
            "the model out of PONDER_MODELS.",
            field="models",
            code="no_address",
        )
    address: str = settings.PONDER_GGUF_URL
    return address


def _bundled_base(short: str) -> str:
    """Return where a bundled model listens. Raises SubmitError for one that there is not: no other may answer for it."""
    name = f"DEMO_{short.upper()}_URL"
    address: str | None = getattr(settings, name, None)
    if address is None:
        raise SubmitError(
            f"There is no demo model “{short[:80]}”, for there is no setting {name[:90]}. Take the model out of "
            "PONDER_MODELS, or name one of the bundled ones: demo/intern, demo/thinker, demo/expert, demo/writer.",
            field="models",
            code="no_address",
        )
    return address
