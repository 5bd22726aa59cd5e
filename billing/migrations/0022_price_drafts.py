from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0021_cache_write_lifetimes"),
    ]

    operations = [
        migrations.AddField(
            model_name="price",
            name="ends",
            field=models.DateField(blank=True, help_text="When its provider ceases to serve it.", null=True),
        ),
        migrations.AddField(
            model_name="price",
            name="reasons",
            field=models.BooleanField(
                default=False, help_text="Thinks out of sight before it answers, unless told not to."
            ),
        ),
        migrations.CreateModel(
            name="PriceDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("model", models.CharField(max_length=200)),
                ("provider", models.CharField(max_length=60)),
                (
                    "source",
                    models.CharField(
                        choices=[("litellm", "litellm's map"), ("genai-prices", "genai-prices")],
                        max_length=20,
                    ),
                ),
                ("version", models.CharField(max_length=40)),
                ("rates", models.JSONField()),
                ("reasons", models.BooleanField(default=False)),
                ("ends", models.DateField(blank=True, null=True)),
                ("address", models.CharField(blank=True, max_length=255)),
                ("notes", models.JSONField(blank=True, default=list)),
                ("imported_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["provider", "model"], name="billing_draft_by_provider")],
                "constraints": [
                    models.UniqueConstraint(fields=("model", "source"), name="billing_one_draft_per_source")
                ],
            },
        ),
    ]
