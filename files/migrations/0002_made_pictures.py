from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("files", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="attachment",
            name="is_made",
            field=models.BooleanField(
                db_default=False, default=False, help_text="A picture (JPEG) that a program of its job drew."
            ),
        ),
    ]
