"""One fixed cast: the people of Northwind, the same in every test, in the demo and on every screenshot."""

from __future__ import annotations

import pytest

from sessions_app.models import Application, Issuer, Realm, Role, User
from sessions_app.tokens.profiles import clear_profiles
from tests.factories import a_grant, a_group, a_person, a_realm, an_application, an_issuer


@pytest.fixture(autouse=True)
def _fresh_profiles() -> None:
    """No test sees the issuers of the one before."""
    clear_profiles()


@pytest.fixture
def northwind(db: None) -> Realm:
    """The realm of the company's own people."""
    return a_realm()


@pytest.fixture
def issuer(northwind: Realm) -> Issuer:
    """https://login.northwind.example, with a real ES256 key."""
    return an_issuer(realm=northwind)


@pytest.fixture
def wiki(db: None) -> Application:
    return an_application("wiki", name="Wiki")


@pytest.fixture
def payroll(db: None) -> Application:
    return an_application("payroll", name="Payroll", cache_seconds=30)


@pytest.fixture
def hana(issuer: Issuer) -> User:
    """HR."""
    return _staff("hana", "Hana Weiss", Role.HR, department="People", job_title="HR business partner")


@pytest.fixture
def ivan(issuer: Issuer) -> User:
    """IT."""
    return _staff("ivan", "Ivan Petrov", Role.IT, department="IT", job_title="Systems administrator")


@pytest.fixture
def sam(issuer: Issuer) -> User:
    """Security: privileged."""
    return _staff("sam", "Sam Okoro", Role.SECURITY, department="Security", job_title="Incident responder")


@pytest.fixture
def paula(issuer: Issuer) -> User:
    """Project manager of Phoenix."""
    return _staff(
        "paula", "Paula Reyes", Role.PROJECT_MANAGER, department="Delivery", job_title="Project manager"
    )


@pytest.fixture
def aude(issuer: Issuer) -> User:
    """Auditor: reads, changes nothing."""
    return _staff("aude", "Aude Laurent", Role.AUDITOR, department="Audit", job_title="Internal auditor")


@pytest.fixture
def ada(issuer: Issuer) -> User:
    """Admin, and the only one: privileged, configures, ends nobody's access."""
    return _staff("ada", "Ada Lindqvist", Role.ADMIN, department="IT", job_title="Platform owner")


@pytest.fixture
def otto(issuer: Issuer) -> User:
    """An employee without any role."""
    return a_person("otto", display_name="Otto Berg", department="Logistics", job_title="Dispatcher")


@pytest.fixture
def ines(issuer: Issuer) -> User:
    """An employee in finance."""
    return a_person(
        "ines", display_name="Ines Almeida", department="Finance", job_title="Accountant", country="PT"
    )


@pytest.fixture
def carlos(issuer: Issuer) -> User:
    """A contractor on Phoenix."""
    carlos = _contractor("carlos", "Carlos Vega", country="ES")
    a_group("phoenix", carlos)
    return carlos


@pytest.fixture
def chen(issuer: Issuer) -> User:
    """A contractor on Phoenix and on Atlas."""
    chen = _contractor("chen", "Chen Wei", country="SG")
    a_group("phoenix", chen)
    a_group("atlas", chen)
    return chen


def _staff(username: str, name: str, role: Role, *, department: str, job_title: str) -> User:
    person = a_person(username, display_name=name, department=department, job_title=job_title)
    a_grant(person, role)
    return person


def _contractor(username: str, name: str, *, country: str) -> User:
    return a_person(
        username,
        display_name=name,
        department="Delivery",
        job_title="Contractor",
        legal_entity="Vega & Wei Consulting",
        country=country,
    )
