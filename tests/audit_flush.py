"""Emptying the database after a test with real commits, which the trail's triggers would refuse.

For tests only: the product has no way to lift the triggers.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import TransactionTestCase

from audit import triggers


@contextmanager
def triggers_lifted() -> Iterator[None]:
    """The trail can be emptied inside; afterwards it is append-only again, also if emptying failed."""
    connection.check_constraints()  # PostgreSQL lifts no trigger while checks are pending
    triggers.drop(connection)
    try:
        yield
        connection.check_constraints()
    finally:
        triggers.create(connection)


@pytest.fixture(autouse=True, scope="session")
def _trail_can_be_emptied_between_tests() -> Iterator[None]:
    """Around the flush that ends each `transactional_db` test; rolled-back tests never flush."""
    flush = TransactionTestCase._fixture_teardown

    def flush_with_triggers_lifted(test: TransactionTestCase) -> None:
        with triggers_lifted():
            flush(test)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", flush_with_triggers_lifted)
        yield
