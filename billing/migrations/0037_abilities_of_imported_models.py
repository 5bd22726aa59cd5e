from django.db import migrations, models


class Migration(migrations.Migration):
    """What a source says that a model can do comes along with its price."""

    dependencies = [("billing", "0036_audio_and_images")]

    operations = [
        migrations.AddField(
            "price",
            "sees",
            models.BooleanField(db_default=False, default=False, help_text="Can be shown pictures."),
        ),
        migrations.AddField(
            "price",
            "calls_tools",
            models.BooleanField(db_default=False, default=False, help_text="Calls tools."),
        ),
        migrations.AddField("pricedraft", "sees", models.BooleanField(db_default=False, default=False)),
        migrations.AddField(
            "pricedraft", "calls_tools", models.BooleanField(db_default=False, default=False)
        ),
    ]
