from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0047_default_strategy"),
    ]

    operations = [
        migrations.AddField(
            model_name="sharelink",
            name="on_first_page",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Whether the first page shows it to every visitor, as staff alone may choose.",
            ),
        ),
        migrations.AddIndex(
            model_name="sharelink",
            index=models.Index(
                condition=models.Q(("on_first_page", True)),
                fields=["-created_at"],
                name="shares_on_first_page",
            ),
        ),
    ]
