"""A second factor: everybody may have one, staff of a real site must, and no way in goes around it."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.services import ready_user, sign_in_link
from jobs.mail.send import send_due
from tests.support.people import make_user
from tests.web.accounts.test_sign_in import code_in

PASSWORD = "correct horse battery"

pytestmark = pytest.mark.usefixtures("db", "outbox")


def totp(secret: str) -> str:
    """The code that an authenticator app shows now."""
    earlier_now_and_later = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, earlier_now_and_later[len(earlier_now_and_later) // 2]))


def last_code() -> str:
    send_due()
    return code_in(mail.outbox[-1])


def enter(client: Client, user: User) -> None:
    """Sign in by code."""
    client.post(reverse("account_request_login_code"), {"email": user.email})
    client.post(reverse("account_confirm_login_code"), {"code": last_code()})


def set_up(client: Client) -> str:
    """Set an authenticator app up, and return its secret."""
    page = client.get(reverse("mfa_activate_totp")).content.decode()
    secret = re.search(r"Secret: <code[^>]*>(\w+)<", page).group(1)
    reply = client.post(reverse("mfa_activate_totp"), {"code": totp(secret)})
    assert reply.url == reverse("mfa_view_recovery_codes")
    return secret


@pytest.fixture
def ada() -> User:
    user = make_user("ada@example.org")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def protected(ada) -> tuple[User, str]:
    """Ada and the secret of her app."""
    client = Client()
    enter(client, ada)
    return ada, set_up(client)


def is_in(client: Client) -> bool:
    return client.get(reverse("settings")).status_code == 200


@pytest.mark.parametrize("way", ["code", "password", "link"])
def test_every_way_in_asks_for_the_second_factor(protected, way):
    """Mail, password and the operator's link are one factor each; the app's code opens."""
    user, secret = protected
    client = Client()
    if way == "code":
        enter(client, user)
    elif way == "password":
        client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    else:
        client.get(sign_in_link(user).removeprefix("http://127.0.0.1:8000"))
    assert not is_in(client)
    assert "Wrong" not in client.get(reverse("mfa_authenticate")).content.decode()
    client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert not is_in(client)
    client.post(reverse("mfa_authenticate"), {"code": totp(secret)})
    # A code works once, and the one of this half minute set the app up.
    if not is_in(client):
        client.post(reverse("mfa_authenticate"), {"code": recovery_codes(user)[0]})
    assert is_in(client)


def recovery_codes(user: User) -> list[str]:
    return Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()


def test_a_recovery_code_works_once(protected):
    """In place of a lost phone."""
    user, _ = protected
    code = recovery_codes(user)[0]
    first, second = Client(), Client()
    for client in (first, second):
        enter(client, user)
        client.post(reverse("mfa_authenticate"), {"code": code})
    assert (is_in(first), is_in(second)) == (True, False)


def test_setting_it_up_ends_other_sessions_and_tells_by_mail(transactional_db, ada):
    """Whoever was in before is out; the owner reads what happened."""
    stranger, owner = Client(), Client()
    enter(stranger, ada)
    enter(owner, ada)
    set_up(owner)
    assert (is_in(stranger), is_in(owner)) == (False, True)
    send_due()
    assert "authenticator app was added" in mail.outbox[-1].subject


def staff_member(**rights: bool) -> User:
    user = make_user("stella@example.org", staff=True)
    User.objects.filter(pk=user.pk).update(**rights)
    user.refresh_from_db()
    return user


@pytest.mark.parametrize(
    "name", ["cost-review", "staff-audit", "admin:index", "admin:accounts_user_changelist"]
)
def test_staff_of_a_real_site_need_it(settings, name):
    """Without it every staff page and /admin/ lead to where it is set up; with it they open."""
    settings.PONDER_STAFF_MFA = "required"
    client = Client()
    enter(client, staff_member())
    reply = client.get(reverse(name), follow=True)
    assert reply.redirect_chain[-1][0] == reverse("mfa_index")
    assert "once you have set up a second factor" in reply.content.decode()
    assert client.get(reverse("job-list")).status_code == 200
    set_up(client)
    assert client.get(reverse(name)).status_code == 200


def test_the_operator_of_a_local_site_works_without_it(settings):
    """`make run` prints a link; it opens every page."""
    assert settings.PONDER_STAFF_MFA == "optional"
    client = Client()
    client.get(sign_in_link(ready_user()).removeprefix("http://127.0.0.1:8000"))
    for name in ("cost-review", "staff-audit", "admin:index"):
        assert client.get(reverse(name)).status_code == 200


def test_admin_has_no_sign_in_of_its_own(client, ada):
    """Its page leads to the one with limits and second factor, and takes no password itself."""
    ada.is_staff = ada.is_superuser = True
    ada.save()
    address = reverse("admin:login")
    assert client.get(address).url.startswith(reverse("account_login"))
    client.post(address, {"username": ada.email, "password": PASSWORD})
    assert client.get(reverse("admin:index")).status_code == 302
    enter(client, ada)
    client.post(address, {"username": "else@example.org", "password": "x"})
    assert client.get(reverse("admin:index")).status_code == 200
    assert client.get(reverse("admin:password_change")).url == reverse("account_change_password")


def test_a_lost_second_factor_is_reset_in_the_terminal(protected, capsys):
    """The operator, who made sure who asks, takes it away."""
    user, _ = protected
    call_command("reset_second_factor", user.email)
    assert "without a second factor" in capsys.readouterr().out
    client = Client()
    enter(client, user)
    assert is_in(client)
    with pytest.raises(CommandError, match="No active user"):
        call_command("reset_second_factor", "nobody@example.org")


def test_secrets_are_on_no_admin_page(staff):
    """Raw rows show no authenticator: whoever reads its secret has the factor."""
    assert staff.get("/admin/mfa/authenticator/").status_code == 404
