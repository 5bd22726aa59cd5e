"""Call the sides of a comparison what they are; the rows stay."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0014_write_in_batches")]

    operations = [
        migrations.RenameField("comparison", "interns", "many_cheap"),
        migrations.RenameField("comparison", "demigod", "few_strong"),
        migrations.AlterField(
            "comparison",
            "many_cheap",
            models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="comparison_as_many_cheap",
                to="jobs.job",
            ),
        ),
        migrations.AlterField(
            "comparison",
            "few_strong",
            models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="comparison_as_few_strong",
                to="jobs.job",
            ),
        ),
    ]
