"""Whatever the owner of the database does to the trail, checking it names the place."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audit import checkpoints
from audit.bundle import write_bundle
from audit.chain import seal_all
from audit.checkpoint_files import CheckpointFiles
from audit.checkpoints import take_checkpoint
from audit.entry_form import body_of, forms_of
from audit.erasure import blank_subject
from audit.initiators import the_shell
from audit.models import (
    AuditEntry,
    AuditSubject,
    ChainHead,
    ChainLink,
    Checkpoint,
    TrailKey,
    UnsealedEntry,
    Verification,
)
from audit.signing import current_fingerprint
from audit.targets import Target
from audit.verification import begin, go_on, last_finished
from audit.verifier import Tree, link_hash
from tests.audit.trails import a_trail, as_owner, some_entries

pytestmark = pytest.mark.django_db


def checked(**options):
    """A check by somebody who knows the key, in one go."""
    options = options or {"fingerprint": current_fingerprint()}
    return go_on(begin(asked_by=the_shell(), **options), by=the_shell(), seconds=60)


def codes(verification):
    return [problem["code"] for problem in verification.problems]


@pytest.fixture
def trail():
    """Nine entries, checkpoints after 4 and 9, nothing waiting."""
    a_trail(4, 5)


class TestAnHonestTrail:
    def test_it_is_genuine_to_whoever_knows_the_key(self, trail):
        result = checked()

        assert (result.problems, result.verdict) == ([], "genuine")
        assert (result.checked, result.proved) == (9, 9)
        assert result.finished_at

    def test_without_the_key_it_is_intact(self, trail):
        assert checked(fingerprint="").verdict == "intact, signer not checked"

    def test_under_another_key_it_is_neither(self, trail):
        assert codes(checked(fingerprint="0" * 64)) == ["signer"]

    def test_an_empty_trail_has_nothing_wrong(self):
        assert checked().problems == []

    def test_what_is_not_yet_sealed_is_not_wrong(self, trail):
        some_entries(2)

        assert checked().problems == []

    def test_blanked_values_are_not_wrong(self, trail):
        blank_subject(Target(kind="role_grant", id="1"), initiator=the_shell())

        assert checked().problems == []

    def test_many_idle_checkpoints_are_compared_too(self, trail):
        [take_checkpoint() for _ in range(5)]
        CheckpointFiles().write_out()

        assert checked().problems == []

    def test_it_is_the_same_in_pieces(self, monkeypatch):
        a_trail(7, 6)
        monkeypatch.setattr("audit.verification.AT_ONCE", 3)
        verification = begin(asked_by=the_shell())
        turns = 0
        while not verification.finished_at:
            verification = go_on(verification, by=the_shell(), seconds=0)
            turns += 1

        assert turns > 5
        assert (verification.problems, verification.proved) == ([], 13)

    def test_what_is_sealed_meanwhile_is_left_to_the_next_check(self, trail):
        verification = begin(asked_by=the_shell())
        a_trail(3)

        assert go_on(verification, by=the_shell(), seconds=60).checked == 9

    def test_what_is_sealed_while_it_begins_is_not_taken_for_missing(self, trail, monkeypatch):
        latest = checkpoints.latest

        def a_moment_later():
            monkeypatch.setattr(checkpoints, "latest", latest)
            a_trail(3)
            return latest()

        monkeypatch.setattr(checkpoints, "latest", a_moment_later)

        assert go_on(begin(asked_by=the_shell()), by=the_shell(), seconds=60).problems == []

    def test_its_end_is_an_entry_once_however_many_go_on(self, trail):
        verification = begin(asked_by=the_shell())
        stale = Verification.objects.get(pk=verification.pk)

        go_on(verification, by=the_shell(), seconds=60)
        again = go_on(stale, by=the_shell(), seconds=60)

        assert again.finished_at
        entry = AuditEntry.objects.get(event_code="CN-110")
        assert entry.details == {"checked": 9, "checkpoint": 2}
        assert last_finished() == verification


class TestTampering:
    """Each as the owner of the database, who lifts the triggers and puts them back."""

    def entry_of(self, number):
        return ChainLink.objects.get(number=number).entry_id

    @pytest.mark.parametrize(
        "change",
        [
            "reason_code = 'canary'",
            "initiator_id = 'somebody else'",
            "event_code = 'RV-101'",
            "sessions_ended = 7",
            "receipt = 'CF-FORGED'",
            "timestamp = '2020-01-01 00:00:00+00:00'",
            "additional_data = '{\"count\": 6}'",
            "outcome = 'refused'",
        ],
    )
    def test_a_changed_field(self, trail, change):
        as_owner(f"UPDATE audit_auditentry SET {change} WHERE id = %s", self.entry_of(6))  # noqa: S608

        result = checked()

        assert codes(result) == ["changed"]
        assert result.first_bad_number == 6

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite keeps a text in place of a moment")
    @pytest.mark.parametrize("behind", ["+05:00", "7", "Z"])
    def test_a_moment_with_something_behind_it(self, trail, behind):
        change = "UPDATE audit_auditentry SET timestamp = timestamp || %s WHERE id = %s"
        as_owner(change, behind, self.entry_of(6))

        result = checked()

        assert (codes(result), result.first_bad_number) == (["changed"], 6)

    def test_a_changed_personal_value(self, trail):
        as_owner("UPDATE audit_auditsubject SET value = 'Nobody' WHERE entry_id = %s", self.entry_of(3))

        result = checked()

        assert (codes(result), result.first_bad_number) == (["personal"], 3)

    def test_a_personal_value_with_a_commitment_made_to_fit(self, trail):
        as_owner("UPDATE audit_auditsubject SET commitment = 'fits' WHERE entry_id = %s", self.entry_of(3))

        assert checked().first_bad_number == 3

    def test_a_personal_value_taken_away(self, trail):
        as_owner("DELETE FROM audit_auditsubject WHERE entry_id = %s", self.entry_of(3))

        assert (codes(checked()), checked().first_bad_number) == (["changed"], 3)

    def test_a_personal_value_added(self, trail):
        as_owner(
            "INSERT INTO audit_auditsubject (entry_id, role, kind, about, value, salt, commitment) "
            "SELECT entry_id, role, 'note', about, value, salt, commitment FROM audit_auditsubject "
            "WHERE entry_id = %s",
            self.entry_of(3),
        )

        assert (codes(checked()), checked().first_bad_number) == (["changed"], 3)

    def test_a_deleted_entry_with_its_link(self, trail):
        delete(self.entry_of(5))

        result = checked()

        assert codes(result)[0] == "missing"
        assert result.first_bad_number == 5

    def test_a_deleted_link(self, trail):
        as_owner("DELETE FROM audit_chainlink WHERE number = 5")

        result = checked()

        assert "missing" in codes(result)
        assert "never_sealed" in codes(result)
        assert result.first_bad_number == 5

    def test_an_entry_slipped_into_the_middle_with_everything_after_renumbered(self, trail):
        (forged,) = some_entries(1)
        UnsealedEntry.objects.all().delete()
        order = list(ChainLink.objects.order_by("number").values_list("entry_id", flat=True))
        recompute([*order[:5], forged.pk, *order[5:]])

        result = checked()

        assert codes(result) == ["not_as_signed"]
        assert result.first_bad_number == 5  # the checkpoint after 4 agrees, the one after 9 does not

    def test_an_entry_inserted_beside_the_chain(self, trail):
        some_entries(1)
        UnsealedEntry.objects.all().delete()

        assert codes(checked()) == ["never_sealed"]

    def test_an_entry_that_pretends_to_be_older_than_it_is(self, trail):
        (entry,) = some_entries(1)
        as_owner(
            "UPDATE audit_auditentry SET timestamp = %s WHERE id = %s",
            entry.timestamp - timedelta(days=2),
            entry.pk,
        )
        seal_all()
        take_checkpoint()

        assert (codes(checked()), checked().first_bad_number) == (["backdated"], 10)

    def test_swapped_rows(self, trail):
        one, other = self.entry_of(3), self.entry_of(7)
        hashes = dict(ChainLink.objects.values_list("number", "hash"))
        as_owner("DELETE FROM audit_chainlink WHERE number IN (3, 7)")
        ChainLink.objects.create(number=3, entry_id=other, hash=hashes[3])
        ChainLink.objects.create(number=7, entry_id=one, hash=hashes[7])

        result = checked()

        assert codes(result) == ["changed", "changed"]
        assert result.first_bad_number == 3

    def test_a_tail_cut_off(self, trail):
        delete(self.entry_of(8), self.entry_of(9))

        result = checked()

        assert (codes(result), result.first_bad_number) == (["cut_off"], 8)

    def test_a_tail_cut_off_that_no_checkpoint_here_counted_is_missed_by_the_head(self, trail):
        some_entries(2)
        seal_all()
        delete(self.entry_of(10), self.entry_of(11))

        assert (codes(checked()), checked().first_bad_number) == (["cut_off"], 10)

    def test_a_tail_cut_off_with_head_and_checkpoints_is_found_by_those_kept_outside(self, trail):
        CheckpointFiles().write_out()
        delete(*(self.entry_of(number) for number in range(5, 10)))
        as_owner("DELETE FROM audit_checkpoint WHERE number > 1")
        tree = Tree()
        [tree.add(bytes(link.hash)) for link in ChainLink.objects.order_by("number")]
        ChainHead.objects.update(
            size=4, hash=ChainLink.objects.get(number=4).hash, peaks=b"".join(tree.peaks)
        )

        result = checked()

        assert (codes(result), result.first_bad_number) == (["cut_off"], 5)

    def test_a_chain_recomputed_without_the_key(self, trail):
        as_owner("UPDATE audit_auditentry SET reason_code = 'canary' WHERE id = %s", self.entry_of(6))
        recompute(list(ChainLink.objects.order_by("number").values_list("entry_id", flat=True)))

        result = checked()

        assert (codes(result), result.first_bad_number) == (["not_as_signed"], 5)

    def test_a_chain_and_checkpoints_recomputed_without_the_key(self, trail):
        as_owner("UPDATE audit_auditentry SET reason_code = 'canary' WHERE id = %s", self.entry_of(6))
        tree = recompute(list(ChainLink.objects.order_by("number").values_list("entry_id", flat=True)))
        as_owner("UPDATE audit_checkpoint SET merkle_root = %s, head = %s WHERE number = 2", tree.root(),
                 ChainLink.objects.get(number=9).hash)  # fmt: skip

        assert codes(checked()) == ["checkpoint_signature"]

    def test_a_dropped_checkpoint(self, trail):
        take_checkpoint()
        as_owner("DELETE FROM audit_checkpoint WHERE number = 2")

        result = checked()

        assert (codes(result), result.first_bad_number) == (["checkpoint_missing"], 5)

    def test_the_last_checkpoints_dropped_are_missed_by_those_kept_outside(self, trail):
        take_checkpoint()
        CheckpointFiles().write_out()
        as_owner("DELETE FROM audit_checkpoint WHERE number = 3")

        assert codes(checked()) == ["checkpoint_missing"]

    def test_all_checkpoints_dropped(self, trail):
        as_owner("DELETE FROM audit_checkpoint")

        assert "no_checkpoint" in codes(checked())

    @pytest.mark.parametrize("change", ["unsealed = 7", "taken_at = '2020-01-01 00:00:00+00:00'", "size = 3"])
    def test_a_changed_checkpoint(self, trail, change):
        as_owner(f"UPDATE audit_checkpoint SET {change} WHERE number = 1")  # noqa: S608

        assert "checkpoint_changed" in codes(checked())

    def test_a_database_set_back_and_used_again_is_not_the_one_kept_outside(self, trail):
        CheckpointFiles().write_out()
        as_owner("DELETE FROM audit_checkpoint WHERE number = 2")
        take_checkpoint()

        assert codes(checked()) == ["outside"]

    def test_a_key_of_a_strangers_own(self, trail):
        as_owner("UPDATE audit_trailkey SET public_key = %s", bytes(32))

        assert {"key", "checkpoint_signature"} <= set(codes(checked(fingerprint="")))

    def test_a_row_that_cannot_even_be_read_is_a_finding(self, trail):
        as_owner("UPDATE audit_checkpoint SET key_id = 'none' WHERE number = 2")

        assert "checkpoint_signature" in codes(checked())
        assert TrailKey.objects.count() == 1


def delete(*entry_ids):
    """These entries, as if they had never been."""
    for entry_id in entry_ids:
        as_owner("DELETE FROM audit_chainlink WHERE entry_id = %s", entry_id)
        as_owner("DELETE FROM audit_auditsubject WHERE entry_id = %s", entry_id)
        as_owner("DELETE FROM audit_auditentry WHERE id = %s", entry_id)


def recompute(order):
    """The whole chain anew over these entries, as anybody can who has the database and not the key."""
    as_owner("DELETE FROM audit_chainlink")
    forms, previous, tree = forms_of(order), bytes(32), Tree()
    for number, entry_id in enumerate(order, start=1):
        previous = link_hash(previous, body_of(forms[entry_id]))
        tree.add(previous)
        ChainLink.objects.create(number=number, entry_id=entry_id, hash=previous)
    ChainHead.objects.update(size=len(order), hash=previous, peaks=b"".join(tree.peaks))
    return tree


class TestTheCommand:
    def said(self, *arguments, **options):
        out = StringIO()
        call_command("verify_audit", *map(str, arguments), stdout=out, **options)
        return out.getvalue()

    def test_it_says_genuine_and_ends_with_0(self, trail):
        assert self.said(key_fingerprint=current_fingerprint()).startswith("Genuine.\n9 sealed entries")

    def test_it_names_the_first_bad_number_and_ends_with_1(self, trail, capsys):
        as_owner(
            "UPDATE audit_auditentry SET reason_code = 'x' WHERE id = (SELECT MIN(id) FROM audit_auditentry)"
        )

        with pytest.raises(SystemExit) as ended:
            call_command("verify_audit")

        assert ended.value.code == 1
        assert "First bad number: 1." in capsys.readouterr().out

    def test_it_checks_an_export_too_and_writes_no_entry_for_that(self, trail, tmp_path):
        with (tmp_path / "export.zip").open("wb") as file:
            write_bundle(file, entries=AuditEntry.objects.all())
        before = AuditEntry.objects.count()

        assert '"verdict": "intact, signer not checked"' in self.said(tmp_path / "export.zip", as_json=True)
        assert AuditEntry.objects.count() == before

    @pytest.mark.parametrize("wrong", [["--key-fingerprint", "abc"], ["/nowhere.zip"]])
    def test_what_cannot_be_checked_ends_with_2(self, wrong):
        with pytest.raises(CommandError, match="Could not be checked") as refused:
            call_command("verify_audit", *wrong)

        assert refused.value.returncode == 2


def test_the_tables_of_this_file_can_be_tampered_with_at_all(trail):
    """A test that changed nothing would find nothing wrong."""
    as_owner("UPDATE audit_auditsubject SET value = 'x'")

    assert set(AuditSubject.objects.values_list("value", flat=True)) == {"x"}
    assert Checkpoint.objects.count() == 2
