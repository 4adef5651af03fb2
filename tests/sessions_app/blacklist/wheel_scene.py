"""Run inside a fresh environment that has nothing but the wheel: the guard over WSGI, ASGI and, if asked, Django.

Arguments: the guard file, the address of Redis, a token that is good, one that was ended, "django" or nothing.
"""

import asyncio
import importlib.util
import sys

from curfew_guard.asgi import AsgiGuardMiddleware
from curfew_guard.guard import Guard, GuardMiddleware, load_profiles
from curfew_guard.reader import BlacklistReader

FILE, REDIS, GOOD, ENDED = sys.argv[1:5]
profiles = load_profiles(FILE)
guard = Guard(BlacklistReader(REDIS, profiles.env), profiles)


def over_wsgi(token: str) -> str:
    answered: list[str] = []

    def service(environ, start_response):  # type: ignore[no-untyped-def]
        start_response("200 OK", [])
        return [environ["HTTP_X_AUTH_SUBJECT"].encode()]

    GuardMiddleware(service, guard)(  # type: ignore[arg-type]
        {"HTTP_AUTHORIZATION": f"Bearer {token}"}, lambda status, headers: answered.append(status)
    )
    return answered[0][:3]


def over_asgi(token: str) -> str:
    sent: list[dict[str, object]] = []

    async def service(scope, receive, send):  # type: ignore[no-untyped-def]
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):  # type: ignore[no-untyped-def]
        sent.append(message)

    headers = [(b"authorization", f"Bearer {token}".encode())]
    scope = {"type": "http", "path": "/", "headers": headers}
    asyncio.run(AsgiGuardMiddleware(service, guard)(scope, None, send))  # type: ignore[arg-type]
    return str(sent[0]["status"])


def in_django(token: str) -> str:
    from curfew_guard.django import guarding_tokens
    from django.conf import settings
    from django.http import HttpResponse
    from django.test import RequestFactory

    settings.configured or settings.configure(ALLOWED_HOSTS=["testserver"])
    request = RequestFactory().get("/", headers={"Authorization": f"Bearer {token}"})
    return str(guarding_tokens(guard)(lambda _request: HttpResponse())(request).status_code)


ways = [over_wsgi, over_asgi, in_django] if sys.argv[5:] == ["django"] else [over_wsgi, over_asgi]
has_django = importlib.util.find_spec("django") is not None
for way in ways:
    sys.stdout.write(f"{way.__name__} {way(GOOD)} {way(ENDED)}\n")
sys.stdout.write(f"django installed: {has_django}\n")
