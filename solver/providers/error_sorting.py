"""Sorts what went wrong with a call by what is owed: provably not executed costs nothing, all else is in doubt.

What a provider says may name keys, organisations and addresses: it goes into the error's `detail`, for staff. Users
read a category.
"""

import contextlib
import math
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from solver.core.errors import ErrorCategory, InDoubt, NotExecuted, ProviderError
from solver.core.models import ModelCard
from solver.providers.error_words import meaning_of, says_cap_was_used, words_of
from solver.providers.exchange import Exchange, was_never_connected
from solver.text.extract import clean_text

_MAX_DETAIL_CHARS = 300
_MAX_BODY_CHARS = 4_000
_LONGEST_RETRY_AFTER_S = 3_600.0
# Statuses that providers answer before they process a request, and that may pass.
_RETRYABLE = frozenset({425, 429})
# Sent by proxies that gave up waiting, or of a request that is being worked on: it may be executed all the same.
_DOUBTFUL = frozenset({408, 409, 424, 499})
# Of providers that have no room now: nobody says that nothing was executed.
_OVERLOADED = frozenset({503, 529})
# litellm gives these a status of its own making.
_CONNECTION_ERRORS = frozenset(
    {"InternalServerError", "APIConnectionError", "ServiceUnavailableError", "APIError"}
)
# The call is wanted at another address, and was not taken at this one. 303 says that a result lies elsewhere.
_MOVED = frozenset({301, 302, 307, 308})
_CATEGORIES = {
    401: ErrorCategory.KEY_REFUSED,
    402: ErrorCategory.NO_CREDIT,
    403: ErrorCategory.FORBIDDEN,
    404: ErrorCategory.NOT_FOUND,
    429: ErrorCategory.BUSY,
    **dict.fromkeys(_MOVED, ErrorCategory.MOVED),
}


def sorted_exchange(exchange: Exchange, card: ModelCard, error: BaseException | None) -> ProviderError:
    """Return our error for a request that was sent and brought no reply: what the wire says decides, not a library.

    `error` is what a library made of it.
    """
    body = (exchange.body or b"")[:_MAX_BODY_CHARS].decode("utf-8", "replace")
    detail = f"{card.name}: {body or error or 'no answer'}"
    if exchange.never_connected:
        return unreachable(card, detail)
    if exchange.status is None:
        if _is_timeout(error):
            return timed_out(card, detail)
        return in_doubt(card, ErrorCategory.PROVIDER_FAILED, detail)
    elsewhere = exchange.headers.get("location", "")
    detail = f"{card.name}: status {exchange.status}. {elsewhere} {error or ''} {body}"
    if 200 <= exchange.status < 300:
        category = ErrorCategory.PROVIDER_FAILED if exchange.body is None else ErrorCategory.UNREADABLE
        return in_doubt(card, category, detail)
    says = words_of(exchange.body or b"")
    return _sorted_status(exchange.status, card, detail, retry_after_s=_wish_in(exchange.headers), says=says)


def is_refusal(status: int) -> bool:
    """Tell whether a server that really sent this status executed nothing."""
    return status in _MOVED or (400 <= status < 500 and status not in _DOUBTFUL)


def used_its_cap(exchange: Exchange) -> bool:
    """Tell whether a model thought until its cap and said nothing, which OpenAI and Azure report as a bad request."""
    return exchange.status == 400 and says_cap_was_used(words_of(exchange.body or b""))


def _sorted_status(
    status: int, card: ModelCard, detail: str, *, retry_after_s: float | None, says: str
) -> ProviderError:
    """Return the error of a status that a server really sent."""
    if status in _OVERLOADED:
        return in_doubt(card, ErrorCategory.OVERLOADED, detail, retry_after_s=retry_after_s)
    if not is_refusal(status):
        return in_doubt(card, ErrorCategory.PROVIDER_FAILED, detail)
    category = meaning_of(says)
    return not_executed(
        card,
        category or _CATEGORIES.get(status, ErrorCategory.REQUEST_REFUSED),
        detail,
        retryable=status in _RETRYABLE and category is None,
        retry_after_s=retry_after_s,
    )


def unreachable(card: ModelCard, detail: str) -> NotExecuted:
    """Return the error of a call for which no connection came about."""
    return not_executed(
        card, ErrorCategory.UNREACHABLE, f"{card.api_base or 'its provider'} cannot be reached. {detail}"
    )


def _is_timeout(error: BaseException | None) -> bool:
    return isinstance(error, TimeoutError) or "Timeout" in type(error).__name__


def sorted_error(error: Exception, card: ModelCard) -> ProviderError:
    """Return our error for a library's, with a category for users and the provider's words for staff."""
    detail = f"{card.name}: {error}"
    if was_never_connected(error):
        return unreachable(card, detail)
    name = type(error).__name__
    if _is_timeout(error):
        return timed_out(card, detail)
    status = getattr(error, "status_code", None)
    statuses = {*_http_statuses(error), status if isinstance(status, int) else 0}
    if name in _CONNECTION_ERRORS or not all(map(is_refusal, statuses)):
        return in_doubt(card, ErrorCategory.PROVIDER_FAILED, detail)
    return _sorted_status(status or 400, card, detail, retry_after_s=_retry_after_s(error), says=str(error))


def not_executed(
    card: ModelCard,
    category: ErrorCategory,
    detail: str,
    *,
    retryable: bool = True,
    retry_after_s: float | None = None,
) -> NotExecuted:
    """Return the error of a call that the provider provably did not execute."""
    return NotExecuted(
        f"{card.name} {category}",
        category=category,
        detail=_without_keys(detail),
        retryable=retryable,
        retry_after_s=retry_after_s,
    )


def in_doubt(
    card: ModelCard, category: ErrorCategory, detail: str, *, retry_after_s: float | None = None
) -> InDoubt:
    """Return the error of a call that may have been executed."""
    return InDoubt(
        f"{card.name} {category}",
        category=category,
        detail=_without_keys(detail),
        retry_after_s=retry_after_s,
    )


def timed_out(card: ModelCard, detail: str = "") -> InDoubt:
    """Return the error of a call that took longer than its card allows."""
    message = f"{card.name} did not answer within {card.timeout_s:.0f} s."
    return InDoubt(message, category=ErrorCategory.TIMED_OUT, detail=_without_keys(detail) or message)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what led to it, latest first: not what its raiser said to be unrelated (`from None`)."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _http_statuses(error: BaseException) -> Iterator[int]:
    return (status for link in _chain(error) if (status := _http_status(link)) is not None)


def _http_status(link: BaseException) -> int | None:
    """Return the status that a server sent; litellm's own errors make theirs up."""
    if type(link).__module__.partition(".")[0] == "litellm":
        return None
    response = getattr(link, "response", None)
    for status in (getattr(link, "status_code", None), getattr(response, "status_code", None)):
        if isinstance(status, int):
            return status
    return None


def _retry_after_s(error: BaseException) -> float | None:
    """Return the provider's wish from whichever error of the chain still has the headers."""
    for link in _chain(error):
        for headers in (
            getattr(link, "litellm_response_headers", None),
            getattr(getattr(link, "response", None), "headers", None),
            getattr(link, "headers", None),
        ):
            if (wish_s := _wish_in(headers)) is not None:
                return wish_s
    return None


def _wish_in(headers: Any) -> float | None:
    """Return how long a provider wants to be left alone, at most an hour; None where it says nothing readable."""
    with contextlib.suppress(TypeError, ValueError, KeyError):
        return min(max(_seconds(headers["retry-after"]), 0.0), _LONGEST_RETRY_AFTER_S)
    return None


def _seconds(retry_after: str) -> float:
    """Return the seconds of a Retry-After: a number of them, or an HTTP date. Raises ValueError for anything else."""
    try:
        seconds = float(retry_after)
    except ValueError:
        moment = parsedate_to_datetime(retry_after)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (moment - datetime.now(UTC)).total_seconds()
    if math.isnan(seconds):
        raise ValueError("not a number of seconds")
    return seconds


def _without_keys(detail: str) -> str:
    """Return what the provider said, on one line, without the keys of this process's environment."""
    text = " ".join(clean_text(detail).split())
    for name, value in os.environ.items():
        if name.endswith(("_KEY", "_TOKEN", "_SECRET")) and len(value) > 7:
            text = text.replace(value, "…")
    return text[:_MAX_DETAIL_CHARS]
