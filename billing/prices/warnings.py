"""What is wrong with the prices, said in the log each night as on the page: an old list, models past their end."""

import logging

from django.conf import settings

from billing.prices.book import ended_models
from billing.prices.shipped_list import is_old, reviewed_at

logger = logging.getLogger(__name__)


def warn() -> None:
    """Say it."""
    if is_old():
        logger.warning(
            "The shipped price list was reviewed on %s: prices may have changed since. Upgrade, or import newer prices.",
            f"{reviewed_at():%Y-%m-%d}",
        )
    ended = ended_models()
    for model in settings.PONDER_MODELS:
        if model in ended:
            logger.warning(
                "PONDER_MODELS names %s, which its provider serves no more since %s. Name its successor.",
                model,
                ended[model],
            )
