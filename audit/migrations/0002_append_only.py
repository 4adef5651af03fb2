"""From here on an entry that was written stays as it was written. There is no way back, on purpose."""

from django.db import migrations

from audit import triggers


def create_triggers(_apps, schema_editor):
    triggers.create(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunPython(create_triggers)]
