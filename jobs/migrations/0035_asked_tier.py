from django.db import migrations

from jobs.models import sql


class Migration(migrations.Migration):
    """A hold tells which service tier the call asks for."""

    dependencies = [("jobs", "0034_outline"), ("billing", "0027_asked_tier")]

    operations = [migrations.RunSQL(sql.read("journal.sql"), migrations.RunSQL.noop)]
