"""The demo company, Northwind: who works there, and at what they are signed in. Invented, all of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sessions_app.models import AsksHow, Role

LISBON, MADRID, BERLIN, REMOTE = "Lisbon, Portugal", "Madrid, Spain", "Berlin, Germany", ""
IBERIA, GERMANY = "Northwind Iberia", "Northwind Deutschland"
COUNTRY_OF = {IBERIA: "ES", GERMANY: "DE"}

MAC_FIREFOX = "Mozilla/5.0 (Macintosh; Intel Mac OS X 15.7; rv:145.0) Gecko/20100101 Firefox/145.0"
MAC_SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/26.1 Safari/605.1.15"
)
WINDOWS_EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/26.1 Mobile/15E148 Safari/604.1"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Mobile Safari/537.36"
)
LINUX_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"

PHOENIX, ATLAS = "contractors-project-phoenix", "contractors-project-atlas"
ORION, HELIOS = "contractors-project-orion", "contractors-project-helios"


@dataclass(frozen=True, kw_only=True)
class DemoApplication:
    key: str
    name: str
    asks: AsksHow
    cache_seconds: int = 0
    token_seconds: int = 3600


APPLICATIONS = (
    DemoApplication(key="billing", name="Billing API", asks=AsksHow.GUARD),
    DemoApplication(key="wiki", name="Wiki", asks=AsksHow.VERDICT),
    DemoApplication(key="tickets", name="Tickets", asks=AsksHow.VERDICT),
    DemoApplication(key="source", name="Source control", asks=AsksHow.VERDICT),
    DemoApplication(key="expenses", name="Expenses", asks=AsksHow.GUARD, cache_seconds=15),
    DemoApplication(key="dashboard", name="Dashboard", asks=AsksHow.GUARD),
    DemoApplication(key="erp", name="Legacy ERP", asks=AsksHow.NOT_AT_ALL, token_seconds=2700),
)


@dataclass(frozen=True, kw_only=True)
class DemoSession:
    """`began` and `used` are hours ago; the applications are those it was seen at."""

    at: tuple[str, ...]
    agent: str
    place: str
    address: str
    began: float
    used: float


@dataclass(frozen=True, kw_only=True)
class DemoPerson:
    """`leaves_in` is days from the day the demo was loaded."""

    username: str
    name: str
    number: str
    title: str
    department: str
    entity: str = IBERIA
    roles: tuple[Role, ...] = ()
    groups: tuple[str, ...] = ()
    manager: str = ""
    leaves_in: int | None = None
    sessions: tuple[DemoSession, ...] = field(default=())


def signed_in(*at: str, agent: str, place: str, address: str, began: float, used: float) -> DemoSession:
    return DemoSession(at=at, agent=agent, place=place, address=address, began=began, used=used)


# fmt: off
CAST = (
    DemoPerson(
        username="hana", name="Hana Weiss", number="NW-20011", title="People partner", department="People",
        roles=(Role.HR,), groups=("staff", "people-team"), manager="marina",
        sessions=(
            signed_in("wiki", "tickets", agent=MAC_SAFARI, place=MADRID, address="10.4.18.12", began=30, used=0.4),
            signed_in("expenses", agent=IPHONE, place=MADRID, address="83.36.12.41", began=52, used=5),
        ),
    ),
    DemoPerson(
        username="ivan", name="Ivan Petrov", number="NW-20034", title="Systems engineer", department="IT",
        roles=(Role.IT,), groups=("staff", "engineering"), manager="ada",
        sessions=(
            signed_in("source", "wiki", agent=LINUX_FIREFOX, place=BERLIN, address="10.8.2.77", began=9, used=0.1),
            signed_in("tickets", agent=ANDROID, place=BERLIN, address="91.64.20.8", began=73, used=2),
        ),
    ),
    DemoPerson(
        username="sam", name="Sam Okoro", number="NW-20102", title="Security analyst", department="Security",
        roles=(Role.SECURITY,), groups=("staff", "engineering"), manager="ada",
        sessions=(
            signed_in("source", "tickets", agent=MAC_FIREFOX, place=LISBON, address="10.2.0.31", began=6, used=0.2),
        ),
    ),
    DemoPerson(
        username="paula", name="Paula Reyes", number="NW-20188", title="Programme manager", department="Delivery",
        roles=(Role.PROJECT_MANAGER,), groups=("staff",), manager="marina",
        sessions=(
            signed_in("wiki", "tickets", agent=WINDOWS_EDGE, place=MADRID, address="10.4.18.60", began=28, used=1),
        ),
    ),
    DemoPerson(
        username="aude", name="Aude Laurent", number="NW-20205", title="Internal auditor", department="Audit",
        roles=(Role.AUDITOR,), groups=("staff",), entity=GERMANY,
        sessions=(signed_in("wiki", agent=WINDOWS_EDGE, place=BERLIN, address="10.8.2.15", began=4, used=3),),
    ),
    DemoPerson(
        username="ada", name="Ada Lindqvist", number="NW-20003", title="Head of IT", department="IT",
        roles=(Role.ADMIN,), groups=("staff", "engineering"), entity=GERMANY,
        sessions=(signed_in("source", agent=MAC_SAFARI, place=BERLIN, address="10.8.2.2", began=27, used=1.5),),
    ),
    DemoPerson(
        username="otto", name="Otto Berg", number="NW-20266", title="Warehouse planner", department="Logistics",
        groups=("staff",), entity=GERMANY, manager="vincent",
        sessions=(signed_in("erp", agent=WINDOWS_EDGE, place=BERLIN, address="10.8.3.9", began=7, used=0.7),),
    ),
    DemoPerson(
        username="ines", name="Ines Almeida", number="NW-20417", title="Finance analyst", department="Finance",
        groups=("staff", "finance", "finance-approvers"), manager="marina", leaves_in=0,
        sessions=(
            signed_in(
                "billing", "wiki", "tickets", agent=MAC_FIREFOX, place=MADRID, address="10.4.18.22", began=49, used=0.05
            ),
            signed_in("tickets", "wiki", agent=IPHONE, place=MADRID, address="83.36.12.9", began=121, used=1.1),
            signed_in("source", agent=MAC_FIREFOX, place=MADRID, address="10.4.18.22", began=290, used=0.1),
            signed_in("wiki", agent=WINDOWS_EDGE, place=LISBON, address="188.80.4.77", began=26, used=9),
            signed_in("expenses", agent=WINDOWS_EDGE, place=LISBON, address="188.80.4.77", began=25, used=9),
            signed_in("erp", agent=WINDOWS_EDGE, place=MADRID, address="10.4.18.31", began=24, used=9),
        ),
    ),
    DemoPerson(
        username="carlos", name="Carlos Vega", number="NX-00871", title="Contractor, data migration",
        department="Delivery", groups=(PHOENIX,), manager="paula", leaves_in=7,
        sessions=(
            signed_in("source", "tickets", agent=LINUX_FIREFOX, place=MADRID, address="79.144.8.3", began=31, used=0.3),
            signed_in("billing", agent=LINUX_FIREFOX, place=MADRID, address="79.144.8.3", began=30, used=4),
            signed_in("wiki", agent=ANDROID, place=MADRID, address="79.144.8.9", began=100, used=20),
        ),
    ),
    DemoPerson(
        username="chen", name="Chen Wei", number="NX-00902", title="Contractor, integration",
        department="Delivery", groups=(PHOENIX, ATLAS), manager="paula", leaves_in=69,
        sessions=(
            signed_in("source", "wiki", agent=MAC_SAFARI, place=LISBON, address="188.81.7.40", began=20, used=0.2),
            signed_in("tickets", agent=MAC_SAFARI, place=LISBON, address="188.81.7.40", began=19, used=2),
            signed_in("billing", agent=IPHONE, place=LISBON, address="188.81.7.2", began=44, used=12),
        ),
    ),
    DemoPerson(
        username="dario", name="Dario Neri", number="NX-00866", title="Contractor, testing",
        department="Delivery", groups=(HELIOS,), manager="paula",
        sessions=(
            signed_in("source", "tickets", agent=LINUX_FIREFOX, place=MADRID, address="79.144.9.14", began=26, used=2),
        ),
    ),
    DemoPerson(
        username="svc-phoenix-deploy", name="Deploy of Phoenix", number="SV-00012", title="CI job deploy-phoenix",
        department="Delivery", groups=(PHOENIX,), manager="ivan",
        sessions=(signed_in("source", agent="", place=REMOTE, address="10.8.9.4", began=11, used=0.7),),
    ),
)
# fmt: on

STAFF = (
    ("marina", "Marina Costa", "NW-20044", "Finance director", "Finance", IBERIA, ""),
    ("vincent", "Vincent Adeyemi", "NW-20051", "Head of logistics", "Logistics", GERMANY, ""),
    ("joaquin", "Joaquin Prado", "NW-20318", "Dispatcher", "Logistics", IBERIA, "vincent"),
    ("ingrid", "Ingrid Solberg", "NW-20277", "Counsel", "Legal", GERMANY, "marina"),
    ("maria.c", "Maria Costa", "NW-20398", "Accounts clerk", "Finance", IBERIA, "marina"),
    ("tomas", "Tomás Ibáñez", "NW-20140", "Controller", "Finance", IBERIA, "marina"),
    ("leonie", "Leonie Kraft", "NW-20155", "Treasury analyst", "Finance", GERMANY, "marina"),
    ("rui", "Rui Carvalho", "NW-20161", "Support lead", "Support", IBERIA, "vincent"),
    ("fatima", "Fátima Nunes", "NW-20172", "Support agent", "Support", IBERIA, "rui"),
    ("jonas", "Jonas Hartmann", "NW-20179", "Support agent", "Support", GERMANY, "rui"),
    ("elena", "Elena Duarte", "NW-20191", "Product designer", "Product", IBERIA, "marina"),
    ("bruno", "Bruno Teixeira", "NW-20199", "Product manager", "Product", IBERIA, "marina"),
    ("sofia", "Sofia Lind", "NW-20212", "Software engineer", "Engineering", GERMANY, "ada"),
    ("diego", "Diego Salas", "NW-20219", "Software engineer", "Engineering", IBERIA, "ada"),
    ("anna", "Anna Vogel", "NW-20226", "Software engineer", "Engineering", GERMANY, "ada"),
    ("mehmet", "Mehmet Aydin", "NW-20233", "Site reliability engineer", "Engineering", GERMANY, "ada"),
    ("clara", "Clara Monteiro", "NW-20240", "Data engineer", "Engineering", IBERIA, "ada"),
    ("piotr", "Piotr Zielinski", "NW-20247", "Software engineer", "Engineering", GERMANY, "ada"),
    ("lucia", "Lucía Romero", "NW-20254", "Recruiter", "People", IBERIA, "hana"),
    ("felix", "Felix Brandt", "NW-20261", "Payroll specialist", "People", GERMANY, "hana"),
    ("noor", "Noor Haddad", "NW-20272", "Sales manager", "Sales", IBERIA, "marina"),
    ("pedro", "Pedro Antunes", "NW-20281", "Account executive", "Sales", IBERIA, "noor"),
    ("greta", "Greta Fischer", "NW-20288", "Account executive", "Sales", GERMANY, "noor"),
    ("hugo", "Hugo Marques", "NW-20295", "Account executive", "Sales", IBERIA, "noor"),
    ("yara", "Yara Simões", "NW-20302", "Marketing lead", "Marketing", IBERIA, "noor"),
    ("niklas", "Niklas Bauer", "NW-20309", "Brand manager", "Marketing", GERMANY, "yara"),
    ("teresa", "Teresa Gil", "NW-20325", "Warehouse lead", "Logistics", IBERIA, "vincent"),
    ("karim", "Karim Benali", "NW-20332", "Dispatcher", "Logistics", GERMANY, "vincent"),
    ("olga", "Olga Sokolova", "NW-20339", "Procurement officer", "Finance", GERMANY, "marina"),
    ("andre", "André Pires", "NW-20346", "Legal assistant", "Legal", IBERIA, "ingrid"),
)

STAFF_ROLES = {"bruno": (Role.PROJECT_MANAGER,)}

ROUTINE = (
    signed_in("wiki", agent=WINDOWS_EDGE, place=MADRID, address="10.4.19.{n}", began=5, used=0.6),
    signed_in("tickets", "wiki", agent=MAC_FIREFOX, place=BERLIN, address="10.8.4.{n}", began=27, used=3),
    signed_in("expenses", agent=IPHONE, place=LISBON, address="188.80.9.{n}", began=60, used=11),
    signed_in("erp", agent=WINDOWS_EDGE, place=MADRID, address="10.4.20.{n}", began=3, used=1),
    signed_in(
        "source", "billing", agent=LINUX_FIREFOX, place=BERLIN, address="10.8.5.{n}", began=8, used=0.2
    ),
)


def everybody() -> list[DemoPerson]:
    """The cast first, then the rest of the company with one or two everyday sessions each."""
    return [*CAST, *(_one_of_the_staff(position) for position in range(len(STAFF)))]


def _one_of_the_staff(position: int) -> DemoPerson:
    username, name, number, title, department, entity, manager = STAFF[position]
    return DemoPerson(
        username=username,
        name=name,
        number=number,
        title=title,
        department=department,
        entity=entity,
        roles=STAFF_ROLES.get(username, ()),
        groups=("staff", department.lower()),
        manager=manager,
        sessions=tuple(_routine(position + step) for step in range(position % 3)),
    )


def _routine(number: int) -> DemoSession:
    pattern = ROUTINE[number % len(ROUTINE)]
    return DemoSession(
        at=pattern.at,
        agent=pattern.agent,
        place=pattern.place,
        address=pattern.address.format(n=20 + number),
        began=pattern.began + number,
        used=pattern.used + number % 7,
    )
