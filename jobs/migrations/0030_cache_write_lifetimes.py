from django.db import migrations

from jobs.models import sql


class Migration(migrations.Migration):
    """A settlement tells what was written to the cache for an hour, the service tier and the model that was served."""

    dependencies = [("jobs", "0029_user_verdict"), ("billing", "0021_cache_write_lifetimes")]

    operations = [migrations.RunSQL(sql.read("journal.sql"), migrations.RunSQL.noop)]
