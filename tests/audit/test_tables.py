"""The tables stand as the models say, and there is one trail only."""

import pytest
from auditlog import get_logentry_model
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from audit.models import SEARCHED, AuditEntry


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", "audit", "auditlog", check=True, dry_run=True, verbosity=0)


def test_django_auditlog_writes_into_the_trail():
    assert get_logentry_model() is AuditEntry


@pytest.mark.django_db
def test_its_own_table_is_gone():
    assert "auditlog_logentry" not in connection.introspection.table_names()


def test_django_auditlog_has_no_migration_that_would_miss_its_table():
    """If this fails after an upgrade, let the table be dropped after the new migration."""
    (last,) = MigrationLoader(None).graph.leaf_nodes("auditlog")

    assert last == ("auditlog", "0017_add_actor_email")


def test_every_searched_column_has_an_index_that_ends_in_time_and_number():
    indexed = {tuple(index.fields) for index in AuditEntry._meta.indexes}

    assert indexed == {("timestamp", "id")} | {(column, "timestamp", "id") for column in SEARCHED}


def test_nothing_can_be_deleted_together_with_what_it_points_to():
    relations = [
        field
        for model in apps.get_app_config("audit").get_models()
        for field in model._meta.concrete_fields
        if field.remote_field
    ]

    assert {field.remote_field.on_delete.__name__ for field in relations} == {"PROTECT"}


def test_no_migration_takes_the_triggers_away_again():
    migration = MigrationLoader(None).get_migration("audit", "0002_append_only")

    assert not any(operation.reversible for operation in migration.operations)
