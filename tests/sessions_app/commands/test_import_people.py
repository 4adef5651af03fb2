"""manage.py import_people."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.models import AuditEntry
from sessions_app.models import Issuer, RoleGrant, User
from tests.factories import identity_of
from tests.sessions_app.commands.shell import ran

pytestmark = pytest.mark.django_db

HEADER = "external_id,username,display_name,email,manager_external_id,last_day,groups,identities\n"
LENA = 'e1,lena,"Sørensen, Lena",lena@northwind.example,e2,2030-01-31,finance;lisbon,northwind=nw-lena\n'
MIGUEL = "e2,miguel,Miguel Sá,miguel@northwind.example,,,,northwind=nw-miguel\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def test_people_come_in_with_managers_further_down(file: Path, issuer: Issuer) -> None:
    file.write_text(HEADER + LENA + MIGUEL)

    result = ran("import_people", str(file))

    lena = User.objects.get(username="lena")
    assert (result.code, result.out.strip()) == (0, "2 created, 0 changed, 0 as they were.")
    assert (lena.display_name, lena.manager) == ("Sørensen, Lena", User.objects.get(username="miguel"))
    assert identity_of(lena).person_id == "nw-lena"
    assert set(lena.memberships.values_list("group__name", flat=True)) == {"finance", "lisbon"}
    assert AuditEntry.objects.filter(event_code="PE-101", initiator_kind="shell").count() == 2
    assert RoleGrant.objects.count() == 0


def test_the_same_file_again_changes_nobody(file: Path, issuer: Issuer) -> None:
    file.write_text(HEADER + LENA + MIGUEL)
    ran("import_people", str(file))

    result = ran("import_people", str(file), "--json")

    assert result.json() == {"created": 0, "changed": 0, "unchanged": 2, "dry_run": False}


def test_semicolons_and_a_byte_order_mark_are_read_as_spreadsheets_write_them(
    file: Path, issuer: Issuer
) -> None:
    file.write_bytes('external_id;username;display_name;groups\r\ne1;lena;Lena;"a;b"\r\n'.encode("utf-8-sig"))

    assert ran("import_people", str(file)).code == 0
    assert User.objects.get(external_id="e1").memberships.count() == 2


def test_a_dry_run_keeps_nothing(file: Path, issuer: Issuer) -> None:
    file.write_text(HEADER + LENA + MIGUEL)

    result = ran("import_people", str(file), "--dry-run")

    assert result.out.strip() == "Dry run, nothing kept: 2 created, 0 changed, 0 as they were."
    assert User.objects.count() == 0


def test_every_bad_row_is_named_and_nobody_comes_in(file: Path, ines: User) -> None:
    file.write_text(
        HEADER
        + MIGUEL
        + "e3,ines,Somebody,,,,,\n"
        + "e4,four,Four,not-an-address,,,,\n"
        + "e5,five,Five,,,31.12.2026,,\n"
        + "e6,six,Six,,,,,northwind=nw-ines\n"
        + "e7,seven,Seven,,nobody,,,\n"
        + "e2,again,Again,,,,,\n"
        + "e8,eight,Eight,,,,,nowhere=x\n"
        + "e9,nine,Nine,,,,,broken\n"
        + "e10,ten,Ten,,,,,,,,too,many\n"
        + ",none,None,,,,,\n"
    )

    result = ran("import_people", str(file))

    assert result.code == 2
    assert [line.split(":")[0] for line in result.error.splitlines()[1:]] == [
        f"Line {n}" for n in range(3, 13)
    ]
    assert list(User.objects.values_list("username", flat=True)) == ["ines"]
    assert not AuditEntry.objects.filter(event_code="PE-101").exists()


def test_a_column_that_is_missing_leaves_its_values(file: Path, carlos: User) -> None:
    file.write_text("external_id,job_title\next-carlos,Lead\n")

    ran("import_people", str(file))

    carlos.refresh_from_db()
    assert (carlos.job_title, carlos.display_name) == ("Lead", "Carlos Vega")
    assert carlos.memberships.count() == 1


def test_somebody_made_at_the_shell_is_matched_by_user_name(file: Path, ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(external_id=None)
    file.write_text("external_id,username,display_name\nhr-1,ada,Ada Lindqvist\n")

    assert ran("import_people", str(file)).code == 0
    ada.refresh_from_db()
    assert ada.external_id == "hr-1"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"username,display_name\na,b\n",
        b"external_id,role\ne1,admin\n",
        b"external_id,external_id\ne1,e2\n",
        b"external_id,username\ne1,\xff\n",
        b'external_id,username\ne1,"open\n',
        b"external_id,username\ne1,a\x00b\n",
    ],
)
def test_a_file_that_is_none_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)

    assert ran("import_people", str(file)).code == 2
    assert User.objects.count() == 0


def test_a_file_that_does_not_exist_is_bad_input(tmp_path: Path) -> None:
    assert ran("import_people", str(tmp_path / "nothing.csv")).code == 2
