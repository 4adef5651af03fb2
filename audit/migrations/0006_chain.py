"""What sealing needs: a queue of entries not yet linked, the head of the chain, and commitments to personal values.

Nothing was sealed before this, so checkpoints are made anew; values that stand beside older entries get their
commitments here, which is the one time that the triggers are lifted.
"""

from secrets import token_hex

from django.db import migrations, models

from audit import triggers
from audit.verifier import commitment

ROWS_AT_ONCE = 2000


def commit_to_values(apps, schema_editor):
    triggers.drop(schema_editor.connection)
    values = apps.get_model("audit", "AuditSubject").objects
    rows = list(values.filter(commitment="").order_by("pk")[:ROWS_AT_ONCE])
    while rows:
        for row in rows:
            salt = token_hex(16)
            row.commitment = commitment(salt, row.value)
            row.salt = "" if row.blanked_at else salt
        values.bulk_update(rows, ["commitment", "salt"], batch_size=300)
        rows = list(values.filter(commitment="").order_by("pk")[:ROWS_AT_ONCE])


def queue_entries(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_unsealedentry (entry_id) SELECT id FROM audit_auditentry "
            "WHERE id NOT IN (SELECT entry_id FROM audit_chainlink)"
        )


def create_triggers(_apps, schema_editor):
    triggers.create(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_names")]

    operations = [
        migrations.CreateModel(
            name="UnsealedEntry",
            fields=[
                ("entry_id", models.BigIntegerField(primary_key=True, serialize=False, verbose_name="entry")),
            ],
            options={"verbose_name": "unsealed entry", "verbose_name_plural": "unsealed entries"},
        ),
        migrations.CreateModel(
            name="ChainHead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("size", models.BigIntegerField(default=0, verbose_name="links")),
                ("hash", models.BinaryField(max_length=32, verbose_name="hash of the last link")),
                ("peaks", models.BinaryField(max_length=2048, verbose_name="complete subtrees")),
            ],
            options={"verbose_name": "head of the chain", "verbose_name_plural": "head of the chain"},
        ),
        migrations.DeleteModel(name="Checkpoint"),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False, verbose_name="number")),
                ("taken_at", models.DateTimeField(verbose_name="taken")),
                ("size", models.BigIntegerField(verbose_name="links")),
                ("head", models.BinaryField(max_length=32, verbose_name="hash of the last link")),
                ("merkle_root", models.BinaryField(max_length=32, verbose_name="Merkle root")),
                ("unsealed", models.BigIntegerField(verbose_name="entries not yet linked")),
                (
                    "previous_digest",
                    models.BinaryField(max_length=32, verbose_name="digest of the checkpoint before"),
                ),
                ("key_id", models.CharField(max_length=64, verbose_name="key")),
                ("signature", models.BinaryField(max_length=64, verbose_name="signature")),
            ],
            options={"verbose_name": "checkpoint", "verbose_name_plural": "checkpoints"},
        ),
        migrations.AddField(
            model_name="auditsubject",
            name="salt",
            field=models.CharField(blank=True, default="", max_length=32, verbose_name="salt"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="auditsubject",
            name="commitment",
            field=models.CharField(default="", max_length=64, verbose_name="commitment"),
            preserve_default=False,
        ),
        migrations.RunPython(commit_to_values),
        migrations.RunPython(queue_entries),
        migrations.RunPython(create_triggers),
    ]
