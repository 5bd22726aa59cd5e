from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0041_tools"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="spendinglimit",
            name="jobs_limit_of_one_thing",
        ),
    ]
