from django.db import migrations, models

from billing.models import sql


class Migration(migrations.Migration):
    """Sums of finished calls by quarter of an hour, for the cost review."""

    dependencies = [("billing", "0022_price_drafts")]

    operations = [
        migrations.CreateModel(
            name="CallSum",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "quarter",
                    models.DateTimeField(
                        help_text="When it begins. No time zone in use cuts a quarter of an hour."
                    ),
                ),
                ("model", models.CharField(max_length=200)),
                ("workspace_id", models.BigIntegerField()),
                ("job_id", models.UUIDField()),
                ("settled", models.PositiveIntegerField()),
                ("void", models.PositiveIntegerField()),
                ("in_doubt", models.PositiveIntegerField()),
                ("cost_nano", models.BigIntegerField()),
                ("billed_nano", models.BigIntegerField()),
                ("overrun_nano", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("quarter", "model", "workspace_id", "job_id"), name="billing_one_call_sum"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CallSumMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("until", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL([sql.read("call_sums.sql")], migrations.RunSQL.noop),
    ]
