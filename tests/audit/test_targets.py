"""Actions and field changes name the same row the same way."""

from uuid import uuid4

from django.utils.functional import SimpleLazyObject

from audit.record import Target
from sessions_app.models import RoleGrant, User


def test_a_row_is_named_by_its_noun_and_its_key():
    assert Target.of(RoleGrant(pk=7), label="HR") == Target(kind="role_grant", id="7", label="HR")


def test_a_lazy_user_is_named_like_the_user_it_stands_for():
    user = User(pk=uuid4())

    assert Target.of(SimpleLazyObject(lambda: user)) == Target(kind="user", id=str(user.pk))
