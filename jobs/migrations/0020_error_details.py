from django.db import migrations

from jobs.models import sql

_HIDE_WHAT_PROVIDERS_SAID = """
DROP FUNCTION IF EXISTS jobs_drop(uuid, bigint, uuid, text, text);
UPDATE jobs_steprecord SET error = model || ' did not answer.'
WHERE model <> '' AND starts_with(error, model || ': ');
UPDATE jobs_job SET error = 'The model provider did not answer.'
WHERE error ~ '^[^ ]+/[^ ]+: ' OR error LIKE '% cannot be reached at %';
UPDATE jobs_steprecord SET error = model || ' cannot be reached.' WHERE error LIKE '% cannot be reached at %';
"""


class Migration(migrations.Migration):
    """Steps keep what users may read of an error, calls what the provider said; so far both kept its words."""

    dependencies = [("jobs", "0019_suspension_mail")]

    operations = [
        migrations.RunSQL(
            [_HIDE_WHAT_PROVIDERS_SAID, sql.read("journal.sql"), sql.read("write.sql")],
            migrations.RunSQL.noop,
        )
    ]
