"""What was learned is kept by workspace.

Counts that are there become those of the workspaces whose lessons taught them; the shared rows begin anew, for nobody
can say any more how much of them came from whom. Shifts of quotes are no sums and begin anew as well.
"""

import collections
from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.utils import timezone


def attribute(apps: Any, _: object) -> None:
    """Count the taught lessons anew, by workspace."""
    learned, lessons = apps.get_model("jobs", "Learned"), apps.get_model("jobs", "Lesson")
    since = {(row.aspect, row.subject, row.kind): row.since for row in learned.objects.all()}
    sums = collections.defaultdict(collections.Counter)
    jobs = collections.Counter()
    done = lessons.objects.exclude(taught_at=None).filter(error="")
    for workspace, at, taught in done.values_list("job__workspace_id", "taught_at", "taught").iterator(1_000):
        for aspect, subject, kind, counts in taught:
            if aspect != "quote" and (aspect, subject, kind) in since and at >= since[aspect, subject, kind]:
                sums[workspace, aspect, subject, kind].update(counts)
                jobs[workspace, aspect, subject, kind] += 1
    learned.objects.all().delete()
    learned.objects.bulk_create(
        [
            learned(
                workspace_id=key[0], aspect=key[1], subject=key[2], kind=key[3], stats=dict(counts),
                jobs=jobs[key], since=since[key[1:]],
            )
            for key, counts in sums.items()
        ],
        batch_size=500,
    )  # fmt: skip
    # What ended under the older release does not say which answer won.
    lessons.objects.filter(taught_at=None).update(taught_at=timezone.now(), error="ended before an update")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("jobs", "0022_unanswered")]

    operations = [
        migrations.AddField(
            model_name="learned",
            name="workspace",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="accounts.workspace",
            ),
        ),
        migrations.AddField(
            model_name="learned",
            name="given",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="What of a workspace's counts went into the shared row.",
            ),
        ),
        migrations.AddField(
            model_name="learned",
            name="given_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="learned",
            name="given_today",
            field=models.FloatField(default=0.0, help_text="How many observations went there on `given_on`."),
        ),
        migrations.AddField(
            model_name="learned",
            name="halvings",
            field=models.PositiveIntegerField(
                default=0,
                help_text="How often the counts of a shared row were halved; of a workspace's row: when it last gave.",
            ),
        ),
        migrations.AlterField(
            model_name="lesson",
            name="ended",
            field=models.JSONField(
                default=dict,
                help_text="Stop reason, confidence, digest of the answer's key, as they were at this end.",
            ),
        ),
        migrations.RemoveConstraint(model_name="learned", name="jobs_one_posterior"),
        migrations.AddConstraint(
            model_name="learned",
            constraint=models.UniqueConstraint(
                fields=("workspace", "kind", "subject", "aspect"),
                name="jobs_one_posterior_per_workspace",
                nulls_distinct=False,
            ),
        ),
        migrations.RunPython(attribute, migrations.RunPython.noop),
    ]
