from django.db import migrations, models


class Migration(migrations.Migration):
    """Remembers of each drift alarm when staff were notified; of those there are, they were."""

    dependencies = [("jobs", "0016_outbox_claim")]

    operations = [
        migrations.AddField("driftalarm", "staff_notified_at", models.DateTimeField(blank=True, null=True)),
        migrations.RunSQL("UPDATE jobs_driftalarm SET staff_notified_at = opened_at", migrations.RunSQL.noop),
    ]
