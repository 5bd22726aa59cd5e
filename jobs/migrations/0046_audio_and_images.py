from django.db import migrations

from jobs.models import sql


class Migration(migrations.Migration):
    """A settlement tells the tokens of audio and of images."""

    dependencies = [("jobs", "0045_receipt_mail"), ("billing", "0036_audio_and_images")]

    operations = [migrations.RunSQL(sql.read("journal.sql"), migrations.RunSQL.noop)]
