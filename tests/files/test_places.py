"""Where the bytes of files lie, by one setting."""

from pathlib import Path

import pytest

from files.places import file_storage

PLACE = Path("/data/files")


def test_files_lie_in_the_data_directory_for_their_owner_alone():
    """Without a setting; no address leads to them."""
    options = file_storage("", directory=PLACE)["OPTIONS"]
    assert (options["location"], options["base_url"]) == (PLACE, None)
    assert (options["file_permissions_mode"], options["directory_permissions_mode"]) == (0o600, 0o700)


def test_a_bucket_is_named_in_one_address():
    """Keys, prefix, endpoint and region are parts of it; without keys the environment's own count."""
    address = "s3://KEY:a%2Fb@my-bucket/pre/fix?endpoint=https://minio.example:9000&region=eu-west-1"
    assert file_storage(address, directory=PLACE)["OPTIONS"] == {
        "bucket_name": "my-bucket",
        "location": "pre/fix",
        "default_acl": None,
        "file_overwrite": False,
        "access_key": "KEY",
        "secret_key": "a/b",
        "endpoint_url": "https://minio.example:9000",
        "region_name": "eu-west-1",
    }
    assert "access_key" not in file_storage("s3://bucket", directory=PLACE)["OPTIONS"]


@pytest.mark.parametrize("wrong", ["file:///x", "s3://", "s3://bucket?acl=public"])
def test_another_address_is_refused(wrong):
    """Nothing is guessed: files must not go where nobody meant them to."""
    with pytest.raises(ValueError, match=r"names no bucket|unknown"):
        file_storage(wrong, directory=PLACE)
