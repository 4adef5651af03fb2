"""What became of a decision is kept for each person it is about: carried over from the decisions so far."""

from django.db import migrations
from django.db.models import Count

AT_ONCE = 1000


def carry_over(apps, schema_editor):
    Target = apps.get_model("sessions_app", "RevocationTarget")
    EndedSession = apps.get_model("sessions_app", "EndedSession")
    last = 0
    while True:
        batch = list(
            Target.objects.filter(pk__gt=last).select_related("revocation").order_by("pk")[:AT_ONCE]
        )
        if not batch:
            return
        for target in batch:
            of = target.revocation
            target.ended_at = of.decided_at
            target.blocks_sign_in = of.blocks_sign_in
            target.reinstated_at = of.reinstated_at
            target.second_factor_waived_at = of.second_factor_waived_at
            target.second_factor_proved_at = of.second_factor_proved_at
            target.second_factor_proved_to_id = of.second_factor_proved_to_id
            counted = EndedSession.objects.filter(revocation=of, session__user=target.user_id)
            target.sessions_ended = counted.aggregate(count=Count("pk"))["count"]
        Target.objects.bulk_update(
            batch,
            [
                "ended_at",
                "blocks_sign_in",
                "reinstated_at",
                "second_factor_waived_at",
                "second_factor_proved_at",
                "second_factor_proved_to",
                "sessions_ended",
            ],
        )
        last = batch[-1].pk


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0009_projects_end")]

    operations = [migrations.RunPython(carry_over, migrations.RunPython.noop)]
