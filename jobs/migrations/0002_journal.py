"""The journal's functions and the trigger that enforces the table of transitions."""

from django.db import migrations

from jobs.models import sql


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial"), ("billing", "0002_books")]

    operations = [
        migrations.RunSQL(sql.read("journal.sql"), migrations.RunSQL.noop),
    ]
