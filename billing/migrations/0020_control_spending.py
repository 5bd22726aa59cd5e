import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from billing.models import sql


class Migration(migrations.Migration):
    """Stops of all spending and of single providers, which refuse holds."""

    dependencies = [
        ("billing", "0019_sweep_of_top_ups"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SpendingStop",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                ("created_at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
                ("lift_reason", models.CharField(blank=True, max_length=500)),
                (
                    "provider",
                    models.CharField(blank=True, help_text="Empty: all spending is stopped.", max_length=60),
                ),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "lifted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at", None)),
                        fields=("provider",),
                        name="billing_one_open_stop",
                    )
                ],
            },
        ),
        migrations.RunSQL(sql.read("calls.sql"), migrations.RunSQL.noop),
    ]
