"""Drafts of prices: what litellm's map and genai-prices publish beside the book, and the one action that approves them.

Importing belongs to workers and commands: genai-prices takes most of a second to load. The book is only ever added to.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from billing.errors import BillingError
from billing.models import Price, PriceDraft, PriceSource, PriceStatus
from billing.prices.book import price_book
from billing.prices.comparison import Difference, differences, sources_agree
from billing.prices.setting import parse_prices
from billing.prices.shipped_list import RATE_FIELDS, fingerprint
from billing.prices.sources import genai, litellm_map
from billing.prices.sources.published import DEFAULT_MAX_OUTPUT, Published
from solver.core.pricing import BASIS_POINTS

# Advisory lock: of two imports at once one waits for the other.
_IMPORT_LOCK = 7_206_014
RAISED = ", raised by "
"""In the source of a price: by a regional uplift."""


class DraftState(StrEnum):
    """How a draft stands to the book."""

    CHANGED = "changed"
    NEW = "new"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One model: its price in the book, what each source publishes, and what approving it would change."""

    model: str
    book: Price | None
    drafts: dict[str, PriceDraft]
    state: DraftState
    sources_agree: bool | None
    """None where only one source has it."""
    differences: list[Difference]

    @property
    def proposed(self) -> PriceDraft:
        """What approving it takes: litellm's, which has the limits; else the other."""
        return self.drafts.get(PriceSource.LITELLM) or next(iter(self.drafts.values()))


def import_drafts(providers: Collection[str]) -> int:
    """Replace these providers' drafts by what both sources publish in their installed versions; return how many."""
    mapped = {each.model: each for each in litellm_map.published(providers)}
    named = [*mapped, *price_book()]
    rows = [
        *_rows(mapped.values(), PriceSource.LITELLM, litellm_map.version()),
        *_rows(genai.published(providers, named), PriceSource.GENAI, genai.version()),
    ]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_IMPORT_LOCK])
        PriceDraft.objects.filter(provider__in=providers).delete()
        PriceDraft.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def draft_lines(*, provider: str = "", search: str = "") -> list[DraftLine]:
    """Return the drafts by model, in the order of their names."""
    rows = PriceDraft.objects.order_by("model", "source")
    rows = rows.filter(provider=provider) if provider else rows
    rows = rows.filter(model__icontains=search) if search else rows
    by_model: dict[str, dict[str, PriceDraft]] = {}
    for row in rows:
        by_model.setdefault(row.model, {})[row.source] = row
    book = price_book()
    return [_line(model, book.get(model), drafts) for model, drafts in by_model.items()]


def approve(
    model: str,
    source: str,
    *,
    by: User | None,
    starts_on: date | None = None,
    uplift_bp: int = 0,
) -> Price:
    """Add a source's draft to the book: from now on, or from the start of a day to come. Raises BillingError.

    `uplift_bp` raises every rate by so many basis points, as providers do for calls that stay in a region.
    """
    draft = PriceDraft.objects.filter(model=model, source=source).first()
    if draft is None:
        raise BillingError(
            "no_draft",
            f"{model[:100]} has no draft by {source[:40]}. Import the prices of its provider first.",
        )
    if not 0 <= uplift_bp <= BASIS_POINTS:
        raise BillingError("bad_uplift", "Write the regional uplift in percent, from 0 to 100, such as 10.")
    if model in {priced.model for priced in parse_prices(settings.PONDER_PRICES)}:
        raise BillingError(
            "set_elsewhere",
            f"PONDER_PRICES sets the price of {model} and would set it again at the next start. Change it there, or take "
            "the model out of it first.",
        )
    rates = _raised(_completed(draft), uplift_bp)
    parts = (rates, *rates.get("tiers", ()), *rates.get("windows", ()))
    if not all(part["input_pico"] and part["output_pico"] for part in parts):
        raise BillingError(
            "free",
            f"{model} would cost nothing for its input or its output, at some service tier or hour at least. Sources "
            "write 0 also where they know no price: set it with PONDER_PRICES.",
        )
    raised = f"{RAISED}{Decimal(uplift_bp).scaleb(-2).normalize():f} %" if uplift_bp else ""
    price = Price(
        model=model,
        provider=draft.provider,
        effective_from=_start(starts_on),
        status=PriceStatus.ACTIVE,
        ends=draft.ends,
        approved_by=by,
        source=f"{draft.get_source_display()} {draft.version}{raised}: {draft.address}"[:255].removesuffix(
            ": "
        ),
        source_sha256=fingerprint(rates),
        **_abilities(model),
        **rates,
    )
    try:
        with transaction.atomic():
            price.save(force_insert=True)
    except IntegrityError:
        raise BillingError(
            "same_moment",
            f"{model} has another price from {price.effective_from:%Y-%m-%d} on. Choose another day.",
        ) from None
    return price


def _rows(models: Iterable[Published], source: PriceSource, version: str) -> list[PriceDraft]:
    now = timezone.now()
    return [
        PriceDraft(
            model=each.model,
            provider=each.provider,
            source=source,
            version=version[:40],
            rates=each.rates,
            reasons=each.reasons,
            sees=each.sees,
            calls_tools=each.calls_tools,
            ends=each.ends,
            address=each.address[:255],
            notes=[note[:500] for note in each.notes],
            imported_at=now,
        )
        for each in models
        if len(each.model) <= 200
    ]


def _line(model: str, book: Price | None, drafts: dict[str, PriceDraft]) -> DraftLine:
    both = [drafts[source].rates for source in PriceSource if source in drafts]
    proposed = both[0]
    changes = differences(columns_of(book), proposed) if book else []
    # genai-prices names few limits: what it does not say is not changed.
    changes = [each for each in changes if each.after is not None or PriceSource.LITELLM in drafts]
    return DraftLine(
        model=model,
        book=book,
        drafts=drafts,
        state=DraftState.NEW if book is None else DraftState.CHANGED if changes else DraftState.SAME,
        sources_agree=sources_agree(*both) if len(both) == len(PriceSource) else None,
        differences=changes,
    )


def columns_of(price: Price) -> dict[str, Any]:
    """Return the rates and limits of a price by the names of their columns."""
    return {field: getattr(price, field) for field in RATE_FIELDS}


def _completed(draft: PriceDraft) -> dict[str, Any]:
    """Return the rates and limits of a draft.

    What genai-prices does not name, such as fees, audio and limits, is as litellm's map says, else as in the book. Of two
    contexts the smaller holds: some count the prompt alone, some prompt and output.
    """
    rates = dict(draft.rates)
    if draft.source == PriceSource.GENAI:
        other = PriceDraft.objects.filter(model=draft.model, source=PriceSource.LITELLM).first()
        known = price_book().get(draft.model)
        others = other.rates if other else columns_of(known) if known else {}
        windows = [each["context_window"] for each in (others, rates) if each.get("context_window")]
        rates = others | rates | ({"context_window": min(windows)} if windows else {})
    window = rates.get("context_window") or DEFAULT_MAX_OUTPUT
    longest = rates.get("max_output_tokens") or DEFAULT_MAX_OUTPUT
    return rates | {"context_window": window, "max_output_tokens": min(longest, window)}


def _abilities(model: str) -> dict[str, bool]:
    """Return what any source says that a model can do: each is silent of what it does not know."""
    drafts = PriceDraft.objects.filter(model=model)
    return {can: any(getattr(draft, can) for draft in drafts) for can in ("reasons", "sees", "calls_tools")}


def _raised(rates: dict[str, Any], uplift_bp: int) -> dict[str, Any]:
    """Return rates raised by a part of themselves, rounded up to whole pico-USD (a fee: nano-USD)."""
    return {
        key: [_raised(each, uplift_bp) for each in value]
        if key in {"tiers", "windows"}
        else -(-value * (BASIS_POINTS + uplift_bp) // BASIS_POINTS)
        if key.endswith(("_pico", "_nano")) and value is not None
        else value
        for key, value in rates.items()
    }


def _start(day: date | None) -> datetime:
    now = timezone.now()
    if day is None or day == timezone.localdate():
        return now
    if day < timezone.localdate():
        raise BillingError(
            "past", "A price cannot begin in the past: old costs stay what they were. Choose today or later."
        )
    return timezone.make_aware(datetime.combine(day, time.min))
