from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_low_balance_and_wishes"),
    ]

    operations = [
        migrations.AlterField(
            model_name="workspacechange",
            name="what",
            field=models.CharField(
                choices=[
                    ("invited", "invited"),
                    ("sent_again", "sent the invitation again to"),
                    ("taken_back", "took back the invitation of"),
                    ("declined", "declined the invitation"),
                    ("joined", "joined"),
                    ("role", "changed the role of"),
                    ("removed", "removed"),
                    ("left", "left"),
                    ("renamed", "renamed the workspace"),
                    ("limit", "changed the spending limit of"),
                ],
                max_length=20,
            ),
        ),
    ]
