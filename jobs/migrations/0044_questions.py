from django.db import migrations, models

INSERT = "INSERT INTO jobs_transition (old, new) VALUES (%s, %s) ON CONFLICT DO NOTHING"
PAIRS = [("running", "asking"), ("asking", "queued")]


class Migration(migrations.Migration):
    """A job may have a question for its person."""

    dependencies = [("jobs", "0043_webhook_tries")]

    operations = [
        migrations.RemoveConstraint(
            model_name="job",
            name="jobs_state_known",
        ),
        migrations.RemoveConstraint(
            model_name="outboxmessage",
            name="jobs_one_message_per_outcome",
        ),
        migrations.AddField(
            model_name="job",
            name="questions",
            field=models.JSONField(
                blank=True,
                db_default=[],
                default=list,
                help_text="What it asked its person, in order; only the last may be open (jobs/lifecycle/questions.py).",
            ),
        ),
        migrations.AddField(
            model_name="outboxmessage",
            name="number",
            field=models.PositiveIntegerField(
                db_default=0, default=0, help_text="Which question of the job it is about; 0: about none."
            ),
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
                    ("asking", "Needs you"),
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
        migrations.AlterField(
            model_name="outboxmessage",
            name="kind",
            field=models.CharField(
                choices=[
                    ("ended", "A job ended"),
                    ("question", "A job needs you"),
                    ("waiting", "A job is stuck"),
                    ("account", "Signing in"),
                    ("audit", "The audit found something"),
                    ("suspension", "A model was suspended"),
                    ("limit", "A spending limit"),
                    ("payment", "A payment"),
                    ("weekly", "A weekly run was paused"),
                    ("webhook", "To a webhook"),
                    ("staff", "To staff"),
                ],
                max_length=20,
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
                            "asking",
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
            model_name="outboxmessage",
            constraint=models.UniqueConstraint(
                fields=("job", "kind", "version", "number"), name="jobs_one_message_per_outcome"
            ),
        ),
        migrations.RunSQL([(INSERT, pair) for pair in PAIRS], migrations.RunSQL.noop),
    ]
