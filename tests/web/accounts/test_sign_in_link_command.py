"""`manage.py sign_in_link` gives the operator a way in without mail."""

import io

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


def test_the_link_signs_its_user_in_once(client):
    """It works once; the ready user is made where there is none."""
    printed = io.StringIO()
    call_command("sign_in_link", stdout=printed)
    path = "/" + printed.getvalue().strip().split("/", 3)[3]
    assert client.get(path).status_code == 302
    assert client.get("/jobs/").status_code == 200
    client.logout()
    assert client.get(path).status_code != 302


def test_an_unknown_address_is_said():
    """A link for nobody is refused."""
    with pytest.raises(CommandError, match="No active user"):
        call_command("sign_in_link", "nobody@example.org")
