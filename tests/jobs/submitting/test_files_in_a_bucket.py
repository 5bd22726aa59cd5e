"""Files in an S3-compatible bucket: a real server on a port of this machine, through the setting that operators use."""

from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from moto.server import ThreadedMotoServer

from billing.prices.book import load_prices
from files.models import Attachment
from files.places import file_storage
from files.store import delete_files, delete_lost_bytes, picture_bytes, read_files, stored_names, take_in
from tests.files import documents
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server with one empty bucket; it ends with the module."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "KEY", "aws_secret_access_key": "a/b", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=address, **keys).create_bucket(Bucket="files")
    yield address
    server.stop()


@pytest.fixture(autouse=True)
def bucket(address, settings, tmp_path):
    """The files of this test lie in the bucket, below a prefix, as PONDER_FILES_URL would say."""
    url = f"s3://KEY:a%2Fb@files/pre/fix?endpoint={address}&region=us-east-1"
    settings.STORAGES = settings.STORAGES | {"files": file_storage(url, directory=tmp_path)}


def test_files_and_pictures_live_in_a_bucket_as_in_a_directory(alice, workspace, settings):
    """Taken in, read by their job, shown to models, found by the sweep, and gone once no row names them."""
    settings.PONDER_PRICES = "openai/test=1/2/32000/400/sees"
    load_prices()
    note = take_in(ContentFile(b"The gap is 0.2."), raw_name="notes.txt", user=alice, workspace=workspace)
    picture = take_in(
        ContentFile(documents.png(64, 48)), raw_name="plot.png", user=alice, workspace=workspace
    )
    job = submit_for(alice, "What was measured?", files=(note, picture))
    text, seen = read_files(list(job.attachments.order_by("created_at")))
    assert text.pages[0].text == "The gap is 0.2."
    shown = picture_bytes(seen.pictures[0].ref)
    assert shown[:3] == b"\xff\xd8\xff"  # JPEG
    assert len(stored_names()) == 3
    tomorrow = timezone.now() + timedelta(days=1)
    assert delete_lost_bytes(before=tomorrow) == 0
    delete_files(Attachment.objects.filter(pk=picture.pk))
    assert stored_names() == [note.stored_name]
    Attachment.objects.all().delete()
    assert delete_lost_bytes(before=tomorrow) == 1
    assert stored_names() == []
