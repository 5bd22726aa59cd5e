from django.db import migrations
from django.db.migrations.state import StateApps

_SAMPLE_ID = "5a3b1e00-0058-4c0d-9a58-030712250058"


def share_sample(apps: StateApps, _schema_editor: object) -> None:
    """Keep an installation's solved sample on the first page, which shows results that are shared there."""
    solved = {"stop_reason": "solved", "created_by__is_staff": True}
    for job in apps.get_model("jobs", "Job").objects.filter(pk=_SAMPLE_ID, state="done", **solved):
        link = {"created_by_id": job.created_by_id, "shows_costs": True, "on_first_page": True}
        apps.get_model("jobs", "ShareLink").objects.get_or_create(job=job, defaults=link)


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0048_shares_on_first_page"),
    ]

    operations = [migrations.RunPython(share_sample, migrations.RunPython.noop)]
