from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0046_audio_and_images"),
    ]

    operations = [
        migrations.AlterField(
            model_name="job",
            name="strategy",
            field=models.CharField(default="auto", max_length=30),
        ),
    ]
