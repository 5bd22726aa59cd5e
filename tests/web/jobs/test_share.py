"""A result by a link: what it shows, to whom, and how it ends."""

import pytest
from django.urls import reverse

from jobs.models import ShareLink
from jobs.upkeep.delete_texts import delete_texts
from tests.support.people import SOLVED, make_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def solved(alice):
    return make_job(alice.user, spent_nano=31_234_567, attempts=3, **SOLVED)


def share(person, job, **chosen):
    return person.post(reverse("job-share", args=[job.pk]), chosen)


def shown(client, job):
    return client.get(ShareLink.objects.get(job=job).get_absolute_url())


def test_a_link_shows_the_result_to_everybody_and_no_cost(alice, client, solved):
    """No search engine keeps it, no site that it leads to learns its address."""
    share(alice, solved)
    page = shown(client, solved)
    text = page.content.decode()
    assert SOLVED["answer"] in text
    assert "25 + 12 + 7 * 3 = 58, with each number used once." in text
    assert 'class="node node-' in text
    assert str(solved.pk) not in text
    assert "$" not in text
    assert (page["X-Robots-Tag"], page["Referrer-Policy"]) == ("noindex, nofollow", "no-referrer")
    assert "/shared/" in alice.get(solved.get_absolute_url()).content.decode()


def test_what_it_cost_is_shown_where_that_was_chosen(alice, client, solved):
    """The address stays the same when the choice changes."""
    share(alice, solved)
    address = ShareLink.objects.get(job=solved).get_absolute_url()
    share(alice, solved, shows_costs="on")
    assert "$0.031234567" in client.get(address).content.decode()


def test_a_revoked_link_leads_nowhere(alice, client, solved):
    """A second click on Revoke is harmless, and the next link is another one."""
    share(alice, solved)
    address = ShareLink.objects.get(job=solved).get_absolute_url()
    for _ in range(2):
        alice.post(reverse("job-unshare", args=[solved.pk]))
    assert client.get(address).status_code == 404
    share(alice, solved)
    assert ShareLink.objects.get(job=solved).get_absolute_url() != address


def test_deleting_the_texts_revokes_the_link(alice, client, solved):
    """What is gone is gone for everybody."""
    share(alice, solved)
    address = ShareLink.objects.get(job=solved).get_absolute_url()
    assert delete_texts(job_id=solved.pk)
    assert client.get(address).status_code == 404


def test_only_a_result_of_ones_own_is_shared(alice, bob, charlie, solved, running_job):
    """Nothing is shared of a job that runs, of a colleague's, or of a stranger's."""
    assert share(charlie, solved).status_code == 404
    share(alice, running_job)
    share(bob, solved)
    assert not ShareLink.objects.exists()
