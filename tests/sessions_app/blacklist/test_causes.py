"""The list of causes is whole: a cause the code can give is on it, and none beside."""

import ast
from pathlib import Path

import pytest

from sessions_app.blacklist import causes
from sessions_app.blacklist.causes import CAUSES, known_cause
from sessions_app.blacklist.verdict import Outcome

PACKAGE = Path(causes.__file__).parent
HOT_PATH = PACKAGE.parent.parent / "portal" / "hot_path"
GIVERS = {"InvalidToken": 0, "Verdict": 1, "_refusal": 0}


def causes_given_in(module: Path) -> set[str]:
    calls = [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call)]
    given = [
        call.args[GIVERS[call.func.id]]
        for call in calls
        if isinstance(call.func, ast.Name) and len(call.args) > GIVERS.get(call.func.id, 9)
    ]
    return {each.value for each in given if isinstance(each, ast.Constant)}


def test_every_cause_the_code_gives_is_on_the_list() -> None:
    given = set[str]().union(
        *(causes_given_in(module) for module in [*PACKAGE.glob("*.py"), *HOT_PATH.glob("*.py")])
    )

    assert len(given) > 30
    assert given <= set[str]().union(*CAUSES.values())


@pytest.mark.parametrize(
    ("outcome", "said", "kept"),
    [
        (Outcome.ALLOWED, "", ""),
        (Outcome.ALLOWED, "user_blocked", "other"),
        (Outcome.REVOKED, "user_blocked", "user_blocked"),
        (Outcome.REVOKED, "", "other"),
        (Outcome.INVALID, "anything", "other"),
        (Outcome.INVALID, "unavailable:TimeoutError", "other"),
        (Outcome.UNKNOWN, "heartbeat_old", "heartbeat_old"),
        (Outcome.UNKNOWN, "unavailable:TimeoutError", "unavailable:TimeoutError"),
        (Outcome.UNKNOWN, "unavailable:BusyLoadingError", "unavailable:BusyLoadingError"),
        (Outcome.UNKNOWN, "unavailable:KeysTooOld", "unavailable:KeysTooOld"),
        (Outcome.UNKNOWN, "unavailable:Whatever1", "unavailable"),
    ],
)
def test_a_cause_is_kept_only_as_one_of_a_bounded_number(outcome: Outcome, said: str, kept: str) -> None:
    assert known_cause(outcome, said) == kept
