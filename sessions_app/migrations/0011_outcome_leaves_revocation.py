from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0010_outcome_per_person")]

    operations = [
        migrations.RemoveField(
            model_name='revocation',
            name='reinstated_at',
        ),
        migrations.RemoveField(
            model_name='revocation',
            name='second_factor_proved_at',
        ),
        migrations.RemoveField(
            model_name='revocation',
            name='second_factor_proved_to',
        ),
        migrations.RemoveField(
            model_name='revocation',
            name='second_factor_waived_at',
        ),
    ]
