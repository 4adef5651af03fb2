"""Whom a request is about: named to whoever decides, as they are now, and never more than the reader may see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sessions_app.changes.blast_radius import Reach
from sessions_app.changes.end_many import ask_to_end
from sessions_app.changes.end_project import EndingWish
from sessions_app.changes.end_project_approval import ask_to_end as ask_to_end_project
from sessions_app.changes.project_groups import ask_to_take_groups, who_loses_without
from sessions_app.models import Approval, Session, User
from sessions_app.models.reasons import Reason
from sessions_app.revocation.orders import Everyone, OneGroup, Order, SomeSessions
from tests.factories import a_group, a_person, a_project, initiator_of, open_session
from tests.portal.approvals.test_pages import page_for, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]


def asked_of_many(scope: Any, by: User, reach: Reach) -> Approval:
    usual = {"reason": Reason.OTHER, "received_at": timezone.now(), "note": "for the scene"}
    order = Order(initiator=initiator_of(by), scope=scope, **usual)
    return ask_to_end(order, scope, reach=reach, by=initiator_of(by))


def test_whoever_decides_reads_whom_a_group_is_and_how_many_sessions_each_has(ivan, sam, ines, otto):
    a_group("finance", ines, otto)
    open_session(ines)

    page = page_for(sam, asked_of_many(OneGroup(name="finance"), ivan, Reach(people=2, sessions=1)))

    assert "End the access of everybody in the group finance" in page
    assert "Whom it is about" in page
    assert "Ines Almeida" in page
    assert "Otto Berg" in page
    assert "when it was asked" not in page


def test_whoever_joined_meanwhile_is_named_and_the_change_is_said(ivan, sam, ines, otto):
    a_group("finance", ines)
    approval = asked_of_many(OneGroup(name="finance"), ivan, Reach(people=1, sessions=0))
    a_group("finance", otto)
    open_session(otto)

    page = page_for(sam, approval)

    assert "2 people now, 1 person when it was asked." in page
    assert "1 session now, 0 sessions when it was asked." in page
    assert "Otto Berg" in page


def test_of_chosen_sessions_those_still_open_are_counted_for_their_people(ivan, sam, ines, otto):
    mine, over, his = open_session(ines), open_session(ines), open_session(otto)
    scope = SomeSessions.of([mine.pk, over.pk, his.pk])
    approval = asked_of_many(scope, ivan, Reach(people=2, sessions=3))
    Session.objects.filter(pk=over.pk).update(ended_at=timezone.now())

    page = page_for(sam, approval)

    assert "End 3 sessions of 2 people" in page
    assert "2 sessions now, 3 sessions when it was asked." in page
    assert "Ines Almeida" in page
    assert "Otto Berg" in page


def test_signing_out_everyone_is_called_so(ivan, sam, ines):
    page = page_for(sam, asked_of_many(Everyone(), sam, Reach(people=4, sessions=0)))

    assert "<h1>Sign out everyone" in page.replace("<h1><bdi>", "<h1>").replace('<h1 tabindex="-1">', "<h1>")
    assert "Ines Almeida" in page


def test_the_manager_who_asked_reads_who_is_on_the_project(paula, carlos, chen):
    phoenix = a_project("phoenix", ends_at=timezone.now() + timedelta(days=9), manager=paula)
    phoenix.groups.add(a_group("phoenix"))
    ending = ask_to_end_project(phoenix, EndingWish(received_at=timezone.now()), by=initiator_of(paula))

    page = page_for(paula, ending.approval)

    assert "Carlos Vega" in page
    assert "Chen Wei" in page


def test_of_groups_taken_off_a_project_whoever_loses_it_is_named_and_counted_anew(ivan, sam, carlos, chen):
    phoenix = a_project("phoenix", ends_at=timezone.now() + timedelta(days=9))
    phoenix.groups.set([a_group("phoenix"), a_group("atlas")])
    reach = Reach.of(who_loses_without(phoenix, ["phoenix"]))
    approval = ask_to_take_groups(phoenix, ["phoenix"], reach=reach, by=initiator_of(ivan))
    a_group("phoenix", newcomer := a_person("newcomer", display_name="Nora Quist"))
    open_session(newcomer)

    page = page_for(sam, approval)

    assert "Take phoenix off the project Phoenix" in page
    assert "Carlos Vega" in page
    assert "Nora Quist" in page
    assert "Chen Wei" not in page
    assert "2 people now, 1 person when it was asked." in page
    assert "1 session now, 0 sessions when it was asked." in page


def test_once_decided_the_receipt_says_it_and_the_list_is_gone(ivan, sam, ines):
    a_group("finance", ines)
    approval = asked_of_many(OneGroup(name="finance"), ivan, Reach(people=1, sessions=0))
    send(sam, approval, "approve", note="")

    assert "Whom it is about" not in page_for(sam, approval)
