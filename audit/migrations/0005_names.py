"""The names in the trail, to search by; entries written before this migration are looked through once."""

from django.db import migrations, models

from audit.names import NAMING, NOBODY, as_searched

AT_ONCE = 2000


def collect_names(apps, _schema_editor):
    subjects = apps.get_model("audit", "AuditSubject").objects.exclude(about__in=NOBODY).exclude(value="")
    for role, kind in sorted(NAMING):
        rows = subjects.filter(role=str(role), kind=kind).order_by().values_list("about", "value").distinct()
        pairs = {(about, as_searched(value)) for about, value in rows.iterator()}
        names = apps.get_model("audit", "AuditName").objects
        known = set(names.values_list("about", "name"))
        names.bulk_create(
            (names.model(about=about, name=name) for about, name in sorted(pairs - known)), batch_size=AT_ONCE
        )


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_trail_keys")]

    operations = [
        migrations.CreateModel(
            name="AuditName",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("about", models.CharField(max_length=512, verbose_name="about")),
                ("name", models.CharField(max_length=200, verbose_name="name as it is searched")),
            ],
            options={
                "verbose_name": "name in the trail",
                "verbose_name_plural": "names in the trail",
                "indexes": [models.Index(fields=["about"], name="audit_name_by_owner")],
            },
        ),
        migrations.RunPython(collect_names, migrations.RunPython.noop),
    ]
