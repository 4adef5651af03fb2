"""What a reason does and who may use it: data, shown as text wherever somebody chooses."""

from __future__ import annotations

from dataclasses import dataclass

from audit.initiators import Initiator, InitiatorKind
from sessions_app.models.reasons import Reason
from sessions_app.models.roles import Role

OTHER_NEEDS_CHARACTERS = 10


@dataclass(frozen=True, kw_only=True)
class ReasonRule:
    """One row of the table in the contract. `the_person`: people may use it for their own sessions.

    `with_a_project`: a project's manager, and machines, may give it where the order is about the whole project.
    `reason_class` is what a refused client is told, so that it can act on it; empty is the usual one.
    """

    blocks_sign_in: bool = False
    second_factor_next: bool = False
    roles: frozenset[Role] = frozenset()
    machines: bool = False
    the_person: bool = False
    the_clock: bool = False
    with_a_project: bool = False
    reason_class: str = ""


RULES: dict[Reason, ReasonRule] = {
    Reason.OFFBOARDING: ReasonRule(
        blocks_sign_in=True,
        roles=frozenset({Role.HR, Role.IT, Role.SECURITY}),
        machines=True,
        the_clock=True,  # what one of them scheduled
    ),
    Reason.SECURITY_INCIDENT: ReasonRule(
        second_factor_next=True, roles=frozenset({Role.SECURITY}), machines=True
    ),
    Reason.ROLE_CHANGE: ReasonRule(
        roles=frozenset({Role.IT, Role.SECURITY}),
        machines=True,
        with_a_project=True,
        reason_class="claims_changed",
    ),
    Reason.PROJECT_END: ReasonRule(
        roles=frozenset({Role.IT, Role.SECURITY}),
        the_clock=True,
        with_a_project=True,
        reason_class="project_ended",
    ),
    Reason.LOST_DEVICE: ReasonRule(
        second_factor_next=True, roles=frozenset({Role.IT, Role.SECURITY}), the_person=True
    ),
    Reason.USER_REQUEST: ReasonRule(roles=frozenset({Role.IT, Role.SECURITY}), the_person=True),
    Reason.OTHER: ReasonRule(roles=frozenset({Role.IT, Role.SECURITY})),
    Reason.CANARY: ReasonRule(),
}


def may_use(reason: Reason, initiator: Initiator, *, on_own_session: bool) -> bool:
    """Whether this initiator may give this reason. The shell, on the server itself, may give every one."""
    rule = RULES[reason]
    match initiator.kind:
        case InitiatorKind.SHELL:
            return True
        case InitiatorKind.MACHINE:
            return rule.machines
        case InitiatorKind.CLOCK:
            return rule.the_clock
        case _:
            return (on_own_session and rule.the_person) or bool(rule.roles & initiator.roles)


def usable_by(roles: frozenset[Role]) -> list[Reason]:
    """The reasons somebody with these roles may choose for another person, in the order of the table."""
    return [reason for reason, rule in RULES.items() if rule.roles & roles]


def is_note_missing(reason: str, note: str) -> bool:
    """“Other” says nothing by itself, so somebody has to."""
    return reason == Reason.OTHER and len(note.strip()) < OTHER_NEEDS_CHARACTERS
