"""The evidence of leavers: HR's list beside the trail, explained, sampled, packed and checked without us."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit import verifier
from audit.initiators import the_shell
from audit.models import AuditEntry, LeaverList
from audit.signing import current_fingerprint
from portal.portal_sessions import prepare_own_places
from sessions_app.changes.policies import NAMES, change_policy
from sessions_app.changes.roles import grant_role
from sessions_app.models import Policy, Role
from tests.factories import a_grant, a_person, initiator_of
from tests.portal.evidence.scenes import NOBODY, a_list, bring_in, days_ago, hr_says, left, today
from tests.portal.signed_in import browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]


@pytest.fixture
def month(hana, ines, carlos, otto) -> str:
    """Ines left today and was cut off; Carlos ten days ago, so late; one HR knows and we do not; Otto never left."""
    left(ines, hana)
    left(carlos, hana)
    left(otto, hana)
    return hr_says(
        (ines.employee_number, "Ines Almeida", today()),
        (carlos.employee_number, "Carlos Vega", days_ago(10)),
        ("N-99999", "Nora Bell", days_ago(3)),
    )


def build(browser, kept: LeaverList, **typed):
    form = {"seed": "2026-q4", "size": "25", "as_of": today().isoformat(), **typed}
    return browser.post(f"/audit/evidence/{kept.pk}/build/", form)


def pack_of(response, folder: Path) -> Path:
    path = folder / "evidence.zip"
    path.write_bytes(response.getvalue())
    return path


def document_of(path: Path) -> dict:
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("evidence.json"))


# --- The list -------------------------------------------------------------------------------------


def test_the_list_is_kept_as_it_came_and_is_an_entry(aude, month):
    kept = a_list(browser_of(aude), month + "x,y,z\n")

    entry = AuditEntry.objects.of_events("EV-101").get()
    assert bytes(kept.content).decode() == month + "x,y,z\n"
    assert (kept.rows, kept.bad_rows) == (3, 1)
    assert (entry.details["rows"], entry.details["bad_rows"]) == (3, 1)
    assert entry.details["sha256"] == kept.sha256
    assert entry.initiator_id == str(aude.pk)


def test_rows_that_are_wrong_are_named_on_the_page(aude, month):
    browser = browser_of(aude)
    kept = a_list(browser, month + "N-1,Nobody,someday\n")

    page = text_of(browser.get(f"/audit/evidence/{kept.pk}/"))

    assert "<dt>Line 5</dt><dd>left_on is no date such as 2026-11-23</dd>" in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"file": ""}, "This field is required"),
        ({"source": ""}, "This field is required"),
        ({"query": ""}, "This field is required"),
        ({"last_day": "2020-01-01"}, "ends after it begins"),
        ({"allowed_hours": "-1"}, "greater than or equal to 0"),
        ({"allowed_hours": "9" * 30}, "less than or equal to"),
    ],
)
def test_a_form_that_lacks_something_is_said_so_and_nothing_is_kept(typed, said, aude, month):
    answer = bring_in(browser_of(aude), month, **typed)

    assert answer.status_code == 422
    assert said in text_of(answer)
    assert not LeaverList.objects.exists()


def test_a_file_that_is_no_list_is_refused_with_the_reason(aude):
    answer = bring_in(browser_of(aude), "who,when\nines,today\n")

    assert answer.status_code == 422
    assert "The first line must name the column left_on" in text_of(answer)


# --- The match ------------------------------------------------------------------------------------


def test_the_match_tells_the_four_apart_exceptions_first(aude, month, tmp_path):
    browser = browser_of(aude)
    kept = a_list(browser, month)

    found = document_of(pack_of(build(browser, kept), tmp_path))

    assert found["counts"] == {
        "left_but_never_cut": 1,
        "late": 1,
        "cut_but_never_left": 1,
        "in_both": 1,
    }
    assert [(row["kind"], row["name"]) for row in found["match"]] == [
        ("left_but_never_cut", "Nora Bell"),
        ("late", "Carlos Vega"),
        ("cut_but_never_left", "Otto Berg"),
        ("in_both", "Ines Almeida"),
    ]
    assert [row["explained"] for row in found["match"]] == ["open", "open", "open", None]


def test_the_page_says_what_each_exception_is(aude, month):
    browser = browser_of(aude)
    kept = a_list(browser, month)

    page = text_of(browser.get(f"/audit/evidence/{kept.pk}/"))

    assert "Left but never cut: nobody is known here by these ids" in page
    assert "Late, by 8 days" in page
    assert "Cut but never left" in page
    assert "1 open" in page


def test_somebody_known_whose_access_was_never_ended_is_an_exception(aude, ines):
    browser = browser_of(aude)
    kept = a_list(browser, hr_says((ines.employee_number, "Ines Almeida", today())))

    page = text_of(browser.get(f"/audit/evidence/{kept.pk}/"))

    assert 'data-label="What">Left but never cut<span' in page


def test_what_is_decided_but_not_cut_off_is_late(aude, hana, ines, settings, redis_server, tmp_path):
    browser = browser_of(aude)
    settings.REDIS_URL = "unix:///tmp/nobody-listens-here.sock"
    left(ines, hana)
    settings.REDIS_URL = redis_server.url
    kept = a_list(browser, hr_says((ines.employee_number, "Ines Almeida", today())))

    found = document_of(pack_of(build(browser, kept), tmp_path))

    (row,) = found["match"]
    assert (row["kind"], row["cut_off_at"]) == ("late", "not yet cut off")
    assert found["response_times"]["not_cut_off"] == 1


def test_hours_that_are_allowed_make_late_in_time(aude, month, tmp_path):
    browser = browser_of(aude)
    kept = a_list(browser, month, allowed_hours=str(24 * 20))

    assert document_of(pack_of(build(browser, kept), tmp_path))["counts"]["late"] == 0


def test_an_id_that_two_people_share_names_nobody(aude, ines, otto):
    otto.employee_number = ines.employee_number
    otto.save()
    browser = browser_of(aude)
    kept = a_list(browser, hr_says((ines.employee_number, "Ines Almeida", today())))

    assert "nobody is known here by these ids" in text_of(browser.get(f"/audit/evidence/{kept.pk}/"))


def test_a_mail_address_is_found_in_any_case(aude, hana, ines):
    left(ines, hana)
    browser = browser_of(aude)
    kept = a_list(browser, f"email,left_on\n{ines.email.upper()},{today()}\n")

    assert "No exceptions" in text_of(browser.get(f"/audit/evidence/{kept.pk}/"))


# --- Explanations ---------------------------------------------------------------------------------


def test_an_explanation_is_an_entry_and_closes_the_exception(aude, month, tmp_path):
    browser = browser_of(aude)
    kept = a_list(browser, month)

    browser.post(f"/audit/evidence/{kept.pk}/explain/", {"row": NOBODY, "text": "Never had an account here."})

    entry = AuditEntry.objects.of_events("EV-102").get()
    page = text_of(browser.get(f"/audit/evidence/{kept.pk}/"))
    found = document_of(pack_of(build(browser, kept), tmp_path))["match"][0]
    assert f"Never had an account here., Aude Laurent, {entry.timestamp:%Y-%m-%d}" in page
    assert (found["explained"], found["explained_entry"]) == ("Never had an account here.", entry.pk)
    assert "N-99999" not in json.dumps([entry.target_id, entry.details])


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({"row": NOBODY, "text": "short"}, 422),
        ({"row": NOBODY, "text": "x" * 2001}, 422),
        ({"text": "long enough to count"}, 422),
        ({"row": "employee_number=N-00000", "text": "long enough to count"}, 404),
    ],
)
def test_an_explanation_of_nothing_or_without_words_is_refused(typed, status, aude, month):
    browser = browser_of(aude)
    kept = a_list(browser, month)

    answer = browser.post(f"/audit/evidence/{kept.pk}/explain/", typed)

    assert answer.status_code == status
    assert not AuditEntry.objects.of_events("EV-102").exists()


# --- The pack -------------------------------------------------------------------------------------


def test_a_pack_holds_everything_and_is_an_entry_with_its_hash(aude, month, tmp_path):
    browser = browser_of(aude)
    kept = a_list(browser, month)

    path = pack_of(build(browser, kept), tmp_path)

    entry = AuditEntry.objects.of_events("EV-110").get()
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        assert archive.read("leavers.csv").decode() == month
        assert archive.read("evidence.pdf").startswith(b"%PDF-")
        assert b"/StructTreeRoot" in archive.read("evidence.pdf")
    assert names >= {"match.csv", "sample.csv", "response_times.csv", "roles.csv", "settings.csv"}
    assert len([name for name in names if name.startswith("receipts/CF-")]) == 3
    assert entry.details["sha256"] == verifier.sha256(path.read_bytes()).hexdigest()
    assert (entry.details["seed"], entry.details["open"]) == ("2026-q4", 3)


def test_a_pack_is_genuine_for_the_script_alone(aude, month, tmp_path):
    browser = browser_of(aude)
    path = pack_of(build(browser, a_list(browser, month)), tmp_path)

    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            verifier.__file__,
            str(path),
            "--key-fingerprint",
            current_fingerprint(),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Genuine.\n3 receipts in it, each of them checked.")


@pytest.mark.parametrize("name", ["match.csv", "evidence.pdf", "leavers.csv", "manifest.json", "README.txt"])
def test_a_file_of_the_pack_that_was_changed_is_found(name, aude, month, tmp_path):
    browser = browser_of(aude)
    path = pack_of(build(browser, a_list(browser, month)), tmp_path)
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    assert verifier.check_evidence(folder, fingerprint=current_fingerprint()).verdict == "genuine"

    changed = (folder / name).read_bytes().replace(b"e", b"3", 1)
    (folder / name).write_bytes(changed)

    assert finding_in(folder) == "not intact"


def finding_in(folder: Path) -> str:
    try:
        return verifier.check_evidence(folder, fingerprint=current_fingerprint()).verdict
    except verifier.Unreadable:
        return "not intact"


def test_every_case_has_one_page_of_its_own_in_the_pdf(aude, month, tmp_path):
    browser = browser_of(aude)
    path = pack_of(build(browser, a_list(browser, month)), tmp_path)

    with zipfile.ZipFile(path) as archive:
        headings = archive.read("evidence.pdf").count(b"/S /H2")

    sections, cases = (
        6,
        4,
    )  # three exceptions and the one in both, although all three leavers are in the sample
    assert headings == sections + cases


def test_the_sample_can_be_drawn_again_from_its_seed(aude, month, tmp_path):
    browser = browser_of(aude)
    kept = a_list(browser, month)

    sample = document_of(pack_of(build(browser, kept, size="2"), tmp_path))["sample"]

    keys = [f"{line.split(',')[0]}" for line in month.splitlines()[1:]]
    order = sorted(
        (f"employee_number={key}" for key in keys),
        key=lambda key: verifier.sha256(f"2026-q4|{key}".encode()).hexdigest(),
    )
    assert sample["keys"] == order[:2]


def test_what_does_not_exist_yet_is_said_and_never_blank(aude, month, tmp_path):
    browser = browser_of(aude)

    found = document_of(pack_of(build(browser, a_list(browser, month)), tmp_path))

    assert found["outside_systems"] == "no outside systems connected"
    assert found["match"][-1]["confirmed"] == "no outside systems connected"
    assert found["policies"].startswith("among the settings that operators edit")


def test_no_cell_of_a_table_starts_a_formula(aude, tmp_path):
    browser = browser_of(aude)
    kept = a_list(browser, hr_says(("N-1", '=HYPERLINK("http://evil.example")', today())))

    path = pack_of(build(browser, kept), tmp_path)

    with zipfile.ZipFile(path) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("match.csv").decode("utf-8-sig"))))
    assert rows[0]["name"].startswith("'=")


def test_roles_are_those_of_the_day_that_was_asked_for(aude, otto, month, tmp_path):
    browser = browser_of(aude)
    kept = a_list(browser, month)
    grant_role(a_person("mina", display_name="Mina Holt"), Role.IT, by=the_shell(), reason="covers for Ivan")

    now = document_of(pack_of(build(browser, kept), tmp_path))["roles"]
    before = document_of(pack_of(build(browser, kept, as_of=days_ago(1).isoformat()), tmp_path))["roles"]

    assert [(held["name"], held["role"]) for held in now] == [("Mina Holt", "it")]
    assert before == []


def test_settings_are_replayed_from_the_trail(aude, month, wiki, tmp_path):
    browser = browser_of(aude)

    found = document_of(pack_of(build(browser, a_list(browser, month)), tmp_path))["settings"]

    assert ("application", "name", "Wiki") in [
        (value["kind"], value["field"], value["value"]) for value in found
    ]


def policies_in(document: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        each["field"]: (each["value"], each["by"])
        for each in document["settings"]
        if each["kind"] == "policy"
    }


def test_a_policy_that_nobody_ever_changed_is_there_with_the_values_it_began_with(aude, month, tmp_path):
    prepare_own_places()
    browser = browser_of(aude)
    kept = a_list(browser, month)

    now = policies_in(document_of(pack_of(build(browser, kept), tmp_path)))
    before = policies_in(document_of(pack_of(build(browser, kept, as_of=days_ago(1).isoformat()), tmp_path)))

    assert {name: value for name, (value, _by) in now.items() if name != "id"} == {
        name: str(getattr(Policy(), name)) for name in NAMES
    }
    assert {by for _value, by in now.values()} == {the_shell().name}
    assert before == {}


def test_a_changed_policy_is_there_with_who_changed_it_beside_those_nobody_touched(
    aude, ada, month, tmp_path
):
    prepare_own_places()
    change_policy({"people_alone": 3}, by=initiator_of(ada))
    browser = browser_of(aude)

    found = policies_in(document_of(pack_of(build(browser, a_list(browser, month)), tmp_path)))

    assert found["people_alone"] == ("3", ada.display_name)
    assert found["sessions_alone"] == ("500", the_shell().name)


def test_response_times_have_a_picture_and_its_table(aude, month):
    browser = browser_of(aude)
    kept = a_list(browser, month)

    page = text_of(browser.get(f"/audit/evidence/{kept.pk}/"))

    assert 'role="img" aria-label="How long 3 endings of access took: up to 0.1 s:' in page
    assert "Over 30 s (target)" in page
    assert "no outside systems connected" in page


def test_a_decision_that_took_longer_than_the_target_is_counted(aude, hana, ines, tmp_path):
    left(ines, hana, received_at=timezone.now() - timedelta(seconds=45))
    browser = browser_of(aude)
    kept = a_list(browser, hr_says((ines.employee_number, "Ines Almeida", today())))

    times = document_of(pack_of(build(browser, kept), tmp_path))["response_times"]

    assert (times["cut_off"], times["over_30_s"], times["over_60_s"]) == (1, 1, 0)
    assert times["max"] >= 45_000


@pytest.mark.parametrize(
    "typed",
    [{"seed": ""}, {"seed": "a b"}, {"seed": "x" * 65}, {"size": "0"}, {"size": "61"}, {"as_of": "then"}],
)
def test_a_pack_is_not_built_from_what_makes_no_sense(typed, aude, month):
    browser = browser_of(aude)

    answer = build(browser, a_list(browser, month), **typed)

    assert answer.status_code == 422
    assert not AuditEntry.objects.of_events("EV-110").exists()


def test_a_list_that_was_changed_in_the_database_builds_nothing(aude, month):
    browser = browser_of(aude)
    kept = a_list(browser, month)
    LeaverList.objects.update(content=month.replace("Nora", "Nore").encode())

    assert build(browser, kept).status_code == 409
    assert "not what was received" in text_of(build(browser, kept))
    assert not AuditEntry.objects.of_events("EV-110").exists()


# --- Who may --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["", "explain/", "build/"])
@pytest.mark.parametrize("who", ["hana", "ivan", "paula", "ada"])
def test_only_auditors_and_security_reach_it(form, who, request, aude, month):
    kept = a_list(browser_of(aude), month)
    browser = browser_of(request.getfixturevalue(who))

    answer = (
        browser.post(f"/audit/evidence/{kept.pk}/{form}")
        if form
        else browser.get(f"/audit/evidence/{kept.pk}/")
    )

    assert answer.status_code == 403


def test_a_role_for_a_population_makes_no_evidence(sam, month):
    kept = a_list(browser_of(sam), month)
    auditor = a_person("mina", display_name="Mina Holt")
    a_grant(auditor, Role.AUDITOR, population_kind="country", population_value="PT")
    browser = browser_of(auditor)

    answers = [
        browser.get("/audit/evidence/"),
        browser.get(f"/audit/evidence/{kept.pk}/"),
        build(browser, kept),
        browser.post(f"/audit/evidence/{kept.pk}/explain/", {"row": NOBODY, "text": "long enough"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 4


@pytest.mark.parametrize("number", [0, 2**63, 10**30])
def test_a_list_that_does_not_exist_is_not_found(number, aude):
    assert browser_of(aude).get(f"/audit/evidence/{number}/").status_code == 404


def test_an_odd_day_in_the_address_is_no_error(aude, month):
    browser = browser_of(aude)
    kept = a_list(browser, month)

    assert browser.get(f"/audit/evidence/{kept.pk}/?as_of=9999-12-31").status_code == 200
    assert browser.get(f"/audit/evidence/{kept.pk}/?as_of=x").status_code == 200


# --- At the shell ---------------------------------------------------------------------------------


def test_the_shell_builds_the_same_pack(month, tmp_path, capsys):
    file, out = tmp_path / "leavers.csv", tmp_path / "evidence.zip"
    file.write_text(month)

    call_command(
        "evidence_pack",
        str(file),
        *("--from", days_ago(30).isoformat(), "--until", today().isoformat()),
        *("--source", "Workday", "--query", "Leavers", "--seed", "2026-q4", "--out", str(out), "--json"),
    )

    said = json.loads(capsys.readouterr().out)
    assert (said["leavers"], said["exceptions"], said["open"]) == (3, 3, 3)
    assert verifier.check_evidence(out, fingerprint=current_fingerprint()).verdict == "genuine"
    assert AuditEntry.objects.of_events("EV-110").get().door == "shell"


@pytest.mark.parametrize(
    "change",
    [
        {"--until": "2020-01-01"},
        {"--seed": "a b"},
        {"--sample": "0"},
        {"--allowed-hours": "-1"},
        {"--query": "", "file": "missing.csv"},
    ],
)
def test_the_shell_says_bad_input_by_its_exit_code(change, month, tmp_path):
    (tmp_path / "leavers.csv").write_text(month)
    options = {
        "--from": days_ago(30).isoformat(),
        "--until": today().isoformat(),
        "--source": "Workday",
        "--query": "Leavers",
        "--out": str(tmp_path / "evidence.zip"),
        **change,
    }
    file = tmp_path / options.pop("file", "leavers.csv")

    with pytest.raises(CommandError) as refused:
        call_command("evidence_pack", str(file), *(word for pair in options.items() for word in pair))

    assert refused.value.returncode == 2
    assert not (tmp_path / "evidence.zip").exists()
