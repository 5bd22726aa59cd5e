"""Whether a session has just shown who it is, so that it may change how its user signs in."""

import time

from allauth.account import app_settings
from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest


def just_signed_in(request: HttpRequest) -> bool:
    """Whether this session showed who it is, in any way, within the last minutes."""
    records = get_authentication_records(request, request.user)
    age_s = time.time() - max((record["at"] for record in records), default=0)
    return bool(age_s < app_settings.REAUTHENTICATION_TIMEOUT)
