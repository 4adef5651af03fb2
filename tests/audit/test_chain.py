"""Every committed entry gets one number and one hash, whoever seals and whatever dies meanwhile."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from django.db import connection, connections, transaction

from audit import chain
from audit.chain import locked_head, seal, seal_all, tree_of, unsealed
from audit.entry_form import body_of, forms_of
from audit.events import Events
from audit.initiators import the_shell
from audit.models import AuditEntry, ChainHead, ChainLink, UnsealedEntry
from audit.record import Occurrence, record, record_many

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")


def entries(count):
    with transaction.atomic():
        return record_many(
            Events.DEMO_LOADED,
            initiator=the_shell(),
            occurrences=[Occurrence(details={"n": number}) for number in range(count)],
        )


def merkle_root(leaves):
    """RFC 6962, section 2.1, as it is written there."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\x01" + merkle_root(leaves[:half]) + merkle_root(leaves[half:])).digest()


def chain_from_the_beginning():
    """What the links must say, computed anew."""
    hashes, previous = [], bytes(32)
    for link in ChainLink.objects.order_by("number"):
        body = body_of(forms_of([link.entry_id])[link.entry_id])
        previous = sha256(b"\x00" + previous + body).digest()
        hashes.append(previous)
    return hashes


def hashes():
    return [bytes(link.hash) for link in ChainLink.objects.order_by("number")]


@pytest.mark.django_db
class TestSealing:
    def test_links_are_numbered_without_a_gap_and_each_hash_is_over_the_one_before(self):
        written = entries(5)

        assert seal() == 5

        assert list(ChainLink.objects.order_by("number").values_list("number", "entry_id")) == [
            (number, entry.pk) for number, entry in enumerate(written, start=1)
        ]
        assert hashes() == chain_from_the_beginning()

    def test_sealing_goes_on_where_it_ended(self):
        entries(3)
        seal()
        entries(2)
        seal()

        assert hashes() == chain_from_the_beginning()
        assert ChainHead.objects.get().size == 5

    def test_with_nothing_to_do_nothing_is_written(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            assert seal() == 0

    def test_a_rolled_back_entry_leaves_no_gap(self):
        entries(1)
        with transaction.atomic():
            record(Events.DEMO_LOADED, initiator=the_shell())
            transaction.set_rollback(True)
        entries(1)

        assert seal() == 2
        assert list(ChainLink.objects.values_list("number", flat=True).order_by("number")) == [1, 2]

    @pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 21])
    def test_the_tree_kept_piece_by_piece_has_the_root_of_rfc_6962(self, size):
        entries(size)
        seal_all()

        assert tree_of(locked_head()).root() == merkle_root(hashes())

    def test_every_entry_waits_for_its_link_however_it_was_inserted(self):
        (entry,) = entries(1)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO audit_auditentry (timestamp, event_code, outcome, initiator_kind, initiator_id, "
                "initiator_roles, door, target_kind, target_id, reason_code, receipt, project_key, source, cid, "
                "object_pk) SELECT timestamp, event_code, outcome, initiator_kind, initiator_id, initiator_roles, "
                "door, target_kind, target_id, reason_code, receipt, project_key, source, cid, object_pk "
                "FROM audit_auditentry WHERE id = %s",
                [entry.pk],
            )

        assert unsealed() == 2
        assert seal() == 2

    def test_many_are_sealed_in_pieces(self):
        entries(1203)

        assert [seal(), seal(), seal(), seal()] == [500, 500, 203, 0]


@pytest.fixture
def file_database(transactional_db, tmp_path):
    """A database that several connections can really share: SQLite's tables in memory cannot."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(tmp_path / "trail.sqlite3")])
    kept, named = connections["default"], connections.settings["default"]["NAME"]
    connections.settings["default"]["NAME"] = str(tmp_path / "trail.sqlite3")
    connections["default"] = kept.copy()
    yield
    connections["default"].close()
    connections["default"], connections.settings["default"]["NAME"] = kept, named


@pytest.mark.usefixtures("file_database")
class TestSealingAtOnce:
    def test_two_sealers_number_nothing_twice_and_leave_nothing_out(self):
        entries(3000)

        def one_sealer():
            try:
                return seal_all()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as pool:
            sealed = [work.result() for work in [pool.submit(one_sealer), pool.submit(one_sealer)]]

        assert sum(sealed) == 3000
        assert hashes() == chain_from_the_beginning()
        assert ChainLink.objects.order_by("number").last().number == 3000

    def test_a_sealer_that_is_killed_leaves_whole_links_or_none(self):
        entries(1500)
        reader, writer = os.pipe()
        connections.close_all()
        child = os.fork()
        if not child:
            original = chain._link

            def link_and_say_so(head, bodies):
                original(head, bodies)
                os.write(writer, b"x")
                signal.pause() if head.size > 500 else None

            chain._link = link_and_say_so
            try:
                seal_all()
            finally:
                os._exit(1)
        os.read(reader, 1)
        os.read(reader, 1)  # in the middle of the second piece: its links are inserted and not committed
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

        assert ChainLink.objects.count() == 500
        seal_all()
        assert hashes() == chain_from_the_beginning()
        assert UnsealedEntry.objects.count() == 0

    @on_postgresql
    def test_an_entry_that_commits_after_a_later_one_is_not_missed_and_nobody_waits(self):
        inserted, finish = threading.Event(), threading.Event()

        def slow_transaction():
            try:
                with transaction.atomic():
                    entry = record(Events.DEMO_LOADED, initiator=the_shell())
                    inserted.set()
                    finish.wait(20)
                return entry.pk
            finally:
                connections.close_all()

        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(slow_transaction)
            inserted.wait(20)
            (later,) = entries(1)
            assert seal() == 1
            finish.set()
            earlier = slow.result()

        assert earlier < later.pk
        assert seal() == 1
        assert list(ChainLink.objects.order_by("number").values_list("entry_id", flat=True)) == [
            later.pk,
            earlier,
        ]
        assert hashes() == chain_from_the_beginning()
        assert AuditEntry.objects.count() == 2
