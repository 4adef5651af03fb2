"""Exports in the background: each is written once, by one worker, or visibly not; no broker is needed for any of it."""

from __future__ import annotations

import hashlib
import os
import stat
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connections, transaction
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from audit.events import Events
from audit.exports import files as files_of_exports
from audit.exports import jobs, sweeping
from audit.exports.forms import Form
from audit.exports.jobs import Commission, NotAllowedAnyMore, TooManyExports, ask, cancel, run
from audit.exports.models import KEPT_FOR, LEASE_LASTS, MOST_UNFINISHED, ExportJob, State
from audit.exports.reading import Reading
from audit.exports.rows import Selection
from audit.initiators import Initiator, the_shell
from audit.models import AuditEntry
from audit.record import Target, record

pytestmark = pytest.mark.django_db

woken: list[uuid.UUID] = []
hana: dict[str, Initiator] = {}


def everything(job: ExportJob) -> Commission:
    """The door of these tests: all entries but those of exports, for Hana."""
    entries = AuditEntry.objects.exclude(event_code__startswith="EX")
    return Commission(selection=Selection(entries=entries, reading=Reading()), by=hana["who"])


def nothing_any_more(job: ExportJob) -> Commission:
    raise NotAllowedAnyMore("The role is gone.")


def cancelled_meanwhile(job: ExportJob) -> Commission:
    assert cancel(job, by=the_shell())
    return everything(job)


def taken_over_meanwhile(job: ExportJob) -> Commission:
    ExportJob.objects.filter(pk=job.pk).update(holder="somebody else")
    return everything(job)


def broken(job: ExportJob) -> Commission:
    raise ZeroDivisionError


@pytest.fixture(autouse=True)
def scene(hana_weiss: Initiator, settings: Any, tmp_path: Path) -> None:
    """Three entries, an empty folder, and a worker that only remembers being called."""
    settings.EXPORTS_DIR = tmp_path / "exports"
    settings.EXPORT_COMMISSIONER = f"{__name__}.everything"
    settings.EXPORT_WAKE = f"{__name__}.remember"
    woken.clear()
    hana["who"] = hana_weiss
    for _ in range(3):
        an_entry(hana_weiss)


def an_entry(by: Initiator) -> None:
    with transaction.atomic():
        record(Events.PERSON_VIEWED, initiator=by, target=Target(kind="user", id=str(uuid.uuid4()), label=""))


def remember(job_id: uuid.UUID) -> None:
    woken.append(job_id)


def a_job(by: Initiator, **fields: Any) -> ExportJob:
    job = ask(Form.JSON_LINES, line="actor:hana", with_notes=False, by=by)
    ExportJob.objects.filter(pk=job.pk).update(**fields)
    job.refresh_from_db()
    return job


def again(job: ExportJob) -> ExportJob:
    return ExportJob.objects.get(pk=job.pk)


def files(settings: Any) -> list[str]:
    return sorted(path.name for path in Path(settings.EXPORTS_DIR).iterdir())


def test_a_worker_is_called_once_the_wish_is_committed(
    hana_weiss: Initiator, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        job = a_job(hana_weiss)
        assert woken == []

    assert woken == [job.pk]


def test_a_finished_job_has_a_file_a_hash_a_day_of_its_end_and_one_entry(hana_weiss: Initiator):
    job = a_job(hana_weiss)

    assert run(job.pk)

    done = again(job)
    body = done.path.read_bytes()
    entry = AuditEntry.objects.get(event_code="EX-101")
    assert (done.state, done.rows_done, done.rows_total) == (State.READY, 3, 3)
    assert done.size == len(body)
    assert done.sha256 == hashlib.sha256(body).hexdigest() == entry.details["sha256"]
    assert done.expires_at == done.finished_at + KEPT_FOR
    assert stat.S_IMODE(done.path.stat().st_mode) == 0o600
    assert (entry.initiator_id, entry.subjects.get(kind="filter").value) == (hana_weiss.id, "actor:hana")


def test_a_second_call_for_the_same_job_does_nothing(hana_weiss: Initiator):
    job = a_job(hana_weiss)

    assert [run(job.pk), run(job.pk), run(uuid.uuid4())] == [True, False, False]
    assert AuditEntry.objects.filter(event_code="EX-101").count() == 1


def test_nobody_takes_what_somebody_else_still_works_on(hana_weiss: Initiator):
    soon = timezone.now() + LEASE_LASTS
    job = a_job(hana_weiss, state=State.RUNNING, holder="another", lease_until=soon, attempts=1)

    assert not run(job.pk)
    assert again(job).holder == "another"


def test_a_job_left_by_a_killed_worker_is_done_by_the_next(hana_weiss: Initiator):
    past = timezone.now() - timedelta(seconds=1)
    job = a_job(hana_weiss, state=State.RUNNING, holder="killed", lease_until=past, attempts=1)

    assert run(job.pk)
    assert (again(job).state, again(job).attempts) == (State.READY, 2)


def test_a_job_that_killed_three_workers_is_not_given_to_a_fourth(hana_weiss: Initiator):
    past = timezone.now() - timedelta(seconds=1)
    job = a_job(hana_weiss, state=State.RUNNING, holder="killed", lease_until=past, attempts=3)

    assert not run(job.pk)
    assert again(job).state == State.FAILED
    assert "3 times" in again(job).why


@pytest.mark.parametrize("meanwhile", ["cancelled_meanwhile", "taken_over_meanwhile"])
def test_whoever_lost_a_job_leaves_no_file_and_no_entry(meanwhile: str, hana_weiss: Initiator, settings: Any):
    settings.EXPORT_COMMISSIONER = f"{__name__}.{meanwhile}"
    job = a_job(hana_weiss)

    assert not run(job.pk)
    assert files(settings) == []
    assert not AuditEntry.objects.filter(event_code="EX-101").exists()
    assert again(job).state != State.READY


def test_a_job_cancelled_at_the_last_moment_leaves_no_file(
    hana_weiss: Initiator, settings: Any, monkeypatch: pytest.MonkeyPatch
):
    job = a_job(hana_weiss)
    recorded = jobs._finish

    def cancelled_first(*args: Any) -> None:
        cancel(job, by=hana_weiss)
        recorded(*args)

    monkeypatch.setattr(jobs, "_finish", cancelled_first)

    assert not run(job.pk)
    assert files(settings) == []
    assert again(job).state == State.CANCELLED


def test_who_lost_a_job_while_the_other_finished_it_leaves_the_other_s_file_alone(
    hana_weiss: Initiator, monkeypatch: pytest.MonkeyPatch
):
    """A worker that stood still for longer than its lease: by the time it goes on, all is done."""
    job, recorded, others = a_job(hana_weiss), jobs._finish, iter([1])

    def overtaken(*args: Any) -> None:
        for _ in others:
            ExportJob.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
            an_entry(hana_weiss)
            assert run(job.pk)
        recorded(*args)

    monkeypatch.setattr(jobs, "_finish", overtaken)

    assert not run(job.pk)
    done = again(job)
    assert (done.state, done.rows_done) == (State.READY, 4)
    assert hashlib.sha256(done.path.read_bytes()).hexdigest() == done.sha256
    assert AuditEntry.objects.filter(event_code="EX-101").count() == 1


def test_no_export_fills_the_disk(hana_weiss: Initiator, settings: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files_of_exports, "LEFT_FREE_BYTES", 2**60)
    job = a_job(hana_weiss)

    assert not run(job.pk)
    assert files(settings) == []
    assert again(job).state == State.FAILED
    assert "disk is nearly full" in again(job).why


def test_what_is_finished_cannot_be_cancelled(hana_weiss: Initiator):
    job = a_job(hana_weiss)
    run(job.pk)

    assert not cancel(job, by=hana_weiss)
    assert again(job).state == State.READY


def test_a_right_that_is_gone_by_then_ends_it_with_a_reason(hana_weiss: Initiator, settings: Any):
    settings.EXPORT_COMMISSIONER = f"{__name__}.nothing_any_more"
    job = a_job(hana_weiss)

    assert not run(job.pk)
    assert (again(job).state, again(job).why) == (State.FAILED, "The role is gone.")


def test_a_failure_is_tried_again_and_in_the_end_told(hana_weiss: Initiator, settings: Any):
    settings.EXPORT_COMMISSIONER = f"{__name__}.broken"
    job = a_job(hana_weiss)

    states = [(run(job.pk), again(job).state) for _ in range(3)]

    assert states == [(False, State.WAITING), (False, State.WAITING), (False, State.FAILED)]


def test_nobody_keeps_every_worker_busy(hana_weiss: Initiator):
    for _ in range(MOST_UNFINISHED):
        a_job(hana_weiss)

    with pytest.raises(TooManyExports):
        a_job(hana_weiss)


def test_what_is_finished_makes_room(hana_weiss: Initiator):
    first, *_others = [a_job(hana_weiss) for _ in range(MOST_UNFINISHED)]
    cancel(first, by=hana_weiss)

    a_job(hana_weiss)

    with pytest.raises(TooManyExports):
        a_job(hana_weiss)


def test_who_finds_a_slot_free_that_another_takes_at_that_moment_takes_the_next(
    hana_weiss: Initiator, monkeypatch: pytest.MonkeyPatch
):
    """The window between looking and storing, held open once."""
    look, others = jobs._free_slot, iter([1])

    def overtaken(by: Initiator) -> int:
        free = look(by)
        for _ in others:
            a_job(hana_weiss)
        return free

    monkeypatch.setattr(jobs, "_free_slot", overtaken)
    a_job(hana_weiss)

    assert sorted(ExportJob.objects.values_list("slot", flat=True)) == [1, 2]
    assert AuditEntry.objects.filter(event_code="EX-103").count() == 2


def test_who_finds_a_key_unused_that_another_uses_at_that_moment_gets_the_other_s_job(
    hana_weiss: Initiator, monkeypatch: pytest.MonkeyPatch
):
    look, others = jobs._free_slot, iter([1])
    wish: dict[str, Any] = {"line": "", "with_notes": False, "by": hana_weiss, "order_key": "k"}

    def overtaken(by: Initiator) -> int:
        for _ in others:
            ask(Form.CSV, **wish)
        return look(by)

    monkeypatch.setattr(jobs, "_free_slot", overtaken)

    assert ask(Form.CSV, **wish) == ExportJob.objects.get()
    assert AuditEntry.objects.filter(event_code="EX-103").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    "sqlite" in django_settings.DATABASES["default"]["ENGINE"],
    reason="threads meet table locks that only SQLite in memory has",
)
def test_eight_at_once_get_no_more_than_three(hana_weiss: Initiator):
    together = Barrier(8)

    def asked(_number: int) -> bool:
        try:
            together.wait(timeout=30)
            ask(Form.CSV, line="", with_notes=False, by=hana_weiss)
        except TooManyExports:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(max_workers=8) as pool:
        given = list(pool.map(asked, range(8)))

    assert given.count(True) == ExportJob.objects.unfinished().count() == MOST_UNFINISHED


# --- The clock ------------------------------------------------------------------------------------


def test_the_clock_calls_again_for_what_waits_and_for_what_was_left(hana_weiss: Initiator):
    long_ago = timezone.now() - timedelta(minutes=1)
    waiting = a_job(hana_weiss, woken_at=long_ago)
    left = a_job(hana_weiss, woken_at=long_ago, state=State.RUNNING, lease_until=long_ago)
    a_job(hana_weiss, woken_at=timezone.now())

    assert sweeping.wake_again() == 2
    assert set(woken) == {waiting.pk, left.pk}
    assert sweeping.wake_again() == 0


def test_without_any_worker_everything_waiting_is_done_by_one_command(hana_weiss: Initiator):
    found = [a_job(hana_weiss), a_job(hana_weiss)]

    assert jobs.run_everything_waiting() == 2
    assert {again(job).state for job in found} == {State.READY}


def test_an_expired_file_is_gone_and_its_row_says_so(hana_weiss: Initiator, settings: Any):
    job = a_job(hana_weiss)
    run(job.pk)
    ExportJob.objects.filter(pk=job.pk).update(expires_at=timezone.now() - timedelta(seconds=1))

    assert sweeping.expire() == 1
    assert files(settings) == []
    assert again(job).state == State.EXPIRED


def test_rows_go_in_the_end_and_their_entries_stay(hana_weiss: Initiator):
    long_ago = timezone.now() - timedelta(days=31)
    job = a_job(hana_weiss)
    run(job.pk)
    ExportJob.objects.filter(pk=job.pk).update(asked_at=long_ago, expires_at=long_ago)

    sweeping.expire()

    assert not ExportJob.objects.filter(pk=job.pk).exists()
    assert AuditEntry.objects.filter(event_code="EX-101").exists()


def test_drafts_of_killed_writers_go_and_nothing_else_does(hana_weiss: Initiator, settings: Any):
    job = a_job(hana_weiss)
    run(job.pk)
    old, new = (again(job).path.with_name(f"{name}.draft") for name in ("old", "new"))
    old.touch()
    new.touch()
    an_hour_ago = time.time() - 2 * sweeping.ORPHAN_AFTER_SECONDS
    os.utime(old, (an_hour_ago, an_hour_ago))
    os.utime(again(job).path, (an_hour_ago, an_hour_ago))

    sweeping.expire()

    assert files(settings) == sorted([again(job).path.name, "new.draft"])
