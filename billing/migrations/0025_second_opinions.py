import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0024_trial_domains"),
    ]

    operations = [
        migrations.CreateModel(
            name="SecondOpinion",
            fields=[
                (
                    "call",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="opinion",
                        serialize=False,
                        to="billing.call",
                    ),
                ),
                ("litellm_nano", models.BigIntegerField(null=True)),
                ("genai_nano", models.BigIntegerField(null=True)),
                (
                    "differs",
                    models.BooleanField(help_text="By more than one in a hundred from what we reckon."),
                ),
                (
                    "shape",
                    models.JSONField(
                        help_text="The tokens that the provider's report was read as, where it differs.",
                        null=True,
                    ),
                ),
                ("checked_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("differs", True)),
                        fields=["checked_at"],
                        name="billing_opinion_differs",
                    )
                ],
            },
        ),
    ]
