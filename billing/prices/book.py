"""The price book: which rates hold for a model now. Rows are append-only, so old costs never change.

Three sources: the shipped list (`price_list.json`), the setting `PONDER_PRICES`, and rows approved by staff. For each
model the active row with the latest date holds. A file of `PONDER_GGUF` that `PONDER_PRICES` does not name has a default
price, kept as if it were named there, and so have the models that a server of the operator's own lists
(billing/prices/served.py).
"""

import logging
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from billing.models import Price, PriceStatus
from billing.prices.served import SERVER_SOURCE, load_served
from billing.prices.setting import SettingPrice, parse_prices
from billing.prices.shipped_list import (
    ShippedModel,
    default_panel,
    fingerprint,
    is_bundled,
    listed_ended_models,
    reviewed_at,
    shipped_models,
)
from solver.core.pricing import Rates, Tier, Window

logger = logging.getLogger(__name__)

__all__ = [
    "ShippedModel",
    "active_price",
    "calling_models",
    "default_panel",
    "ended_models",
    "is_bundled",
    "kinds_by_model",
    "load_prices",
    "price_book",
    "rates_of",
    "reasoning_models",
    "seeing_models",
    "shipped_models",
    "unloaded_models",
]

LIST_SOURCE = "price list"
SETTING_SOURCE = "PONDER_PRICES"
# Advisory lock: two starting processes load the list one after the other.
_LOAD_LOCK = 7_206_001


def active_price(model: str, at: datetime | None = None) -> Price | None:
    """Return the price of a model at a moment (default: now). None: unknown, so the model can't run."""
    return _in_force(at).filter(model=model).order_by("-effective_from").first()


def price_book(at: datetime | None = None) -> dict[str, Price]:
    """Return the price of every model that can run, by name."""
    latest = _in_force(at).order_by("model", "-effective_from").distinct("model")
    return {price.model: price for price in latest}


def _in_force(at: datetime | None) -> QuerySet[Price]:
    """Return the active prices; one of 0 is none, for no budget would ever end a job."""
    rows = Price.objects.filter(status=PriceStatus.ACTIVE, effective_from__lte=at or timezone.now())
    return rows.exclude(input_pico=0, output_pico=0, request_nano=0)


def rates_of(price: Price) -> Rates:
    """Return the rates of a price for the cost formula."""
    return Rates(
        input_pico=price.input_pico,
        output_pico=price.output_pico,
        cache_read_pico=price.cache_read_pico,
        cache_write_pico=price.cache_write_pico,
        cache_write_1h_pico=price.cache_write_1h_pico,
        reasoning_pico=price.reasoning_pico,
        request_nano=price.request_nano,
        audio_pico=price.audio_pico,
        search_nano=price.search_nano,
        tiers=tuple(Tier(**tier) for tier in price.tiers),
        windows=tuple(Window(**window) for window in price.windows),
    )


def reasoning_models(book: Mapping[str, Price]) -> frozenset[str]:
    """Return the models of the price book that think out of sight before they answer."""
    return _models_that("reasons", book)


def seeing_models(book: Mapping[str, Price]) -> frozenset[str]:
    """Return the models of the price book that can be shown pictures; of others nobody knows."""
    return _models_that("sees", book)


def calling_models(book: Mapping[str, Price]) -> frozenset[str]:
    """Return the models of the price book that call tools; of others nobody knows."""
    return _models_that("calls_tools", book)


def _models_that(can: str, book: Mapping[str, Price]) -> frozenset[str]:
    """Return the models that can do something: by the shipped list or the setting, else as they were approved."""
    shipped = shipped_models()
    listed = {each.model for each in shipped if getattr(each, can)}
    own = {each.model for each in parse_prices(settings.PONDER_PRICES) if getattr(each, can)}
    approved = {price.model for price in book.values() if getattr(price, can)}
    return frozenset(listed | own | (approved - {each.model for each in shipped}))


def ended_models() -> dict[str, date]:
    """Return the models of the book that their providers serve no more, and since when: by list or as approved.

    Those that `PONDER_MODELS` names are among them also without a price.
    """
    today, book = timezone.localdate(), price_book()
    listed = {
        model: ends
        for model, ends in listed_ended_models().items()
        if model in book or model in settings.PONDER_MODELS
    }
    return listed | {price.model: price.ends for price in book.values() if price.ends and price.ends <= today}


def kinds_by_model() -> dict[str, tuple[str, ...]]:
    """Return the problem kinds of the models that the shipped list has for some kinds only."""
    return {shipped.model: shipped.kinds for shipped in shipped_models() if shipped.kinds}


def load_prices() -> int:
    """Add what the shipped list and the settings say and the book does not yet; return how many rows were added.

    A model whose rates did not change gets no new row. A model that left `PONDER_PRICES` loses that price.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOAD_LOCK])
        added = _load_list()
        return added + _load_setting(_set_prices()) + load_served({price.model for price in _set_prices()})


def unloaded_models() -> list[str]:
    """Return the models whose price in the shipped list or in the settings is not in the book yet."""
    setting = _new_of_setting(_set_prices())
    return [price.model for price in [*_new_of_list(), *setting]]


def _set_prices() -> list[SettingPrice]:
    priced = parse_prices(settings.PONDER_PRICES)
    named = {price.model for price in priced}
    return priced + [model.price() for model in settings.PONDER_GGUF if model.name not in named]


def _load_list() -> int:
    rows = _new_of_list()
    for row in rows:
        if row.status == PriceStatus.DRAFT:
            logger.warning(
                "The shipped price list has another price of %s than the one that was approved, which goes on holding. "
                "Import the prices and compare them: /staff/costs/prices/drafts/.",
                row.model,
            )
    return len(Price.objects.bulk_create(rows))


def _load_setting(priced: list[SettingPrice]) -> int:
    from_setting = Price.objects.filter(source=SETTING_SOURCE, status=PriceStatus.ACTIVE)
    from_setting.exclude(model__in=[price.model for price in priced]).update(status=PriceStatus.RETIRED)
    return len(Price.objects.bulk_create(_new_of_setting(priced)))


def _new_of_list() -> list[Price]:
    known = _latest(Q(source__startswith=LIST_SOURCE))
    # What a person approved holds, also from a day to come, until a person approves another.
    decided = {model for model, price in _latest(Q(status=PriceStatus.ACTIVE)).items() if not _is_ours(price)}
    now = timezone.now()
    rows = []
    for shipped in shipped_models():
        before = known.get(shipped.model)
        if before is not None and before.source_sha256 == shipped.sha256:
            continue
        source = f"{LIST_SOURCE} {reviewed_at():%Y-%m-%d}: {shipped.source}"
        since = min(reviewed_at(), now) if before is None else now
        status = PriceStatus.DRAFT if shipped.model in decided else PriceStatus.ACTIVE
        rows.append(
            _row(shipped.model, shipped.provider, shipped.rates, since=since, source=source, status=status)
        )
    return rows


def _is_ours(price: Price) -> bool:
    """Tell whether a price came from the shipped list or the settings, not from a person's approval."""
    return price.source in {SETTING_SOURCE, SERVER_SOURCE} or price.source.startswith(LIST_SOURCE)


def _new_of_setting(priced: list[SettingPrice]) -> list[Price]:
    known = _latest(Q(status=PriceStatus.ACTIVE))
    rows = []
    for price in priced:
        before = known.get(price.model)
        digest = fingerprint(price.rates)
        if before is not None and before.source == SETTING_SOURCE and before.source_sha256 == digest:
            continue
        provider = price.model.split("/", 1)[0]
        rows.append(_row(price.model, provider, price.rates, since=timezone.now(), source=SETTING_SOURCE))
    return rows


def _latest(which: Q) -> dict[str, Price]:
    rows = Price.objects.filter(which).order_by("model", "-effective_from").distinct("model")
    return {price.model: price for price in rows}


def _row(
    model: str,
    provider: str,
    rates: dict[str, Any],
    *,
    since: datetime,
    source: str,
    status: PriceStatus = PriceStatus.ACTIVE,
) -> Price:
    return Price(
        model=model,
        provider=provider,
        effective_from=since,
        status=status,
        source=source[:255],
        source_sha256=fingerprint(rates),
        **rates,
    )
