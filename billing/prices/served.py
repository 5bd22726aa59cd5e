"""Models that the operator's own servers list: asked at start, and kept in the price book at what stands for electricity.

An entry of `PONDER_PRICES` with the model's name sets another price. Web processes read the book and ask no server.
"""

import logging
from collections.abc import Collection

from django.utils import timezone

from billing.models import Price, PriceStatus
from billing.prices.model_servers import ServedModel, ServerSilent, served_models
from billing.prices.setting import electricity_rates
from billing.prices.shipped_list import fingerprint
from solver.providers.environment import OWN_SERVERS, own_server_key, own_servers

logger = logging.getLogger(__name__)

SERVER_SOURCE = "model server"


def served_model_names() -> list[str]:
    """Return the models of the book that servers list which are configured now, as they were listed."""
    configured = own_servers()
    if not configured:
        return []
    rows = Price.objects.filter(provider__in=configured, status=PriceStatus.ACTIVE)
    return list(dict.fromkeys(rows.order_by("pk").values_list("model", flat=True)))


def load_served(priced: Collection[str]) -> int:
    """Ask each server for its models and add their prices, those in `priced` left out; return how many were added.

    A model that is no longer listed loses its price. Of a server that does not answer, what was listed before holds.
    """
    added = 0
    for provider, address in own_servers().items():
        try:
            listed = served_models(address, key=own_server_key(provider))
        except ServerSilent as silence:
            logger.warning(
                "%s: %s What it listed before holds; `manage.py prices --load` asks it again.",
                OWN_SERVERS[provider][0],
                silence,
            )
            continue
        added += _load(provider, [model for model in listed if f"{provider}/{model.name}" not in priced])
    return added


def _load(provider: str, listed: list[ServedModel]) -> int:
    rows = {f"{provider}/{model.name}"[:200]: model for model in listed}
    known = Price.objects.filter(source=SERVER_SOURCE, provider=provider, status=PriceStatus.ACTIVE)
    known.exclude(model__in=rows).update(status=PriceStatus.RETIRED)
    same = {(price.model, price.source_sha256) for price in known}
    now = timezone.now()
    new = []
    for name, model in rows.items():
        rates = electricity_rates(model.context_window)
        # What a model cannot do is left out: a price stays as it is where a release learns to ask for more.
        skills = {"sees": model.sees, "calls_tools": model.calls_tools}
        told = {"reasons": model.reasons} | {name: can for name, can in skills.items() if can}
        sha256 = fingerprint(rates | told)
        if (name, sha256) not in same:
            new.append(
                Price(
                    model=name,
                    provider=provider,
                    effective_from=now,
                    status=PriceStatus.ACTIVE,
                    source=SERVER_SOURCE,
                    source_sha256=sha256,
                    reasons=model.reasons,
                    **skills,
                    **rates,
                )
            )
    known.filter(model__in=[price.model for price in new]).update(status=PriceStatus.RETIRED)
    return len(Price.objects.bulk_create(new))
