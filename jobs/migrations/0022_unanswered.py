from django.db import migrations, models

from jobs.models import sql

INSERT = "INSERT INTO jobs_transition (old, new) VALUES (%s, %s) ON CONFLICT DO NOTHING"
PAIRS = [("running", "unanswered"), ("unanswered", "queued")]

# No job may go from done to unanswered; here the name of what happened to it is put right.
NAME_THEM = """
ALTER TABLE jobs_job DISABLE TRIGGER jobs_job_transition;
UPDATE jobs_job SET state = 'unanswered'
WHERE state = 'done' AND answer = '' AND answer_text = '' AND texts_deleted_at IS NULL;
ALTER TABLE jobs_job ENABLE TRIGGER jobs_job_transition;
"""


class Migration(migrations.Migration):
    """A job that was stopped before it had an answer is not done."""

    dependencies = [("jobs", "0021_charged")]

    operations = [
        migrations.RemoveConstraint(
            model_name="job",
            name="jobs_state_known",
        ),
        migrations.RemoveConstraint(
            model_name="job",
            name="jobs_without_texts_ended",
        ),
        migrations.RemoveIndex(
            model_name="job",
            name="jobs_open_by_user",
        ),
        migrations.AlterField(
            model_name="job",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "Draft"),
                    ("awaiting_payment", "Awaiting payment"),
                    ("queued", "Queued"),
                    ("running", "Running"),
                    ("paused", "Paused"),
                    ("waiting", "Waiting for a provider"),
                    ("exhausted", "Budget reached"),
                    ("done", "Done"),
                    ("unanswered", "Ended without an answer"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                ],
                default="queued",
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["cancelled", "done", "exhausted", "failed", "unanswered"]), _negated=True
                ),
                fields=["created_by", "state"],
                name="jobs_open_by_user",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "draft",
                            "awaiting_payment",
                            "queued",
                            "running",
                            "paused",
                            "waiting",
                            "exhausted",
                            "done",
                            "unanswered",
                            "failed",
                            "cancelled",
                        ],
                    )
                ),
                name="jobs_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("texts_deleted_at", None),
                    ("state__in", ["cancelled", "done", "exhausted", "failed", "unanswered"]),
                    _connector="OR",
                ),
                name="jobs_without_texts_ended",
            ),
        ),
        migrations.RunSQL(sql.read("transitions.sql"), migrations.RunSQL.noop),
        migrations.RunSQL([(INSERT, pair) for pair in PAIRS], migrations.RunSQL.noop),
        migrations.RunSQL(NAME_THEM, migrations.RunSQL.noop),
    ]
