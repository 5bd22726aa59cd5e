from django.db import migrations, models

from billing.models import sql

_DROP = """
DROP FUNCTION IF EXISTS billing_settle(
    uuid, bigint, bigint, bigint, bigint, bigint, bigint, bigint, jsonb, boolean, text, bigint, bigint, text, text);
"""


class Migration(migrations.Migration):
    """Tokens of audio and of images in prompts are counted apart."""

    dependencies = [("billing", "0035_sums_by_the_clock")]

    operations = [
        migrations.AddField(
            model_name="call",
            name="audio_tokens",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="Of audio in the prompt, part of the input tokens."
            ),
        ),
        migrations.AddField(
            model_name="call",
            name="image_tokens",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="Of images in the prompt, part of the input tokens."
            ),
        ),
        migrations.RunSQL([_DROP, sql.read("calls.sql")], migrations.RunSQL.noop),
    ]
