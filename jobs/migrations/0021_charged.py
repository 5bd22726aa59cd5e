from django.db import migrations

from jobs.models import sql


class Migration(migrations.Migration):
    """What a user pays for a step is called charged; cost is the provider's."""

    dependencies = [("jobs", "0020_error_details"), ("billing", "0013_charged")]

    operations = [
        migrations.RenameField("steprecord", "cost_nano", "charged_nano"),
        migrations.RunSQL(sql.read("journal.sql"), migrations.RunSQL.noop),
    ]
