"""One access token of each product as it really looks, without its signature: claims as documented or seen."""

from __future__ import annotations

import time
from typing import Any, NamedTuple


class Shape(NamedTuple):
    """`person_id` is by which id the product's realm knows the person the token is for."""

    header: dict[str, Any]
    claims: dict[str, Any]
    person_id: str


def okta(**more: Any) -> Shape:
    now = int(time.time())
    claims = {
        "ver": 1,
        "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE",
        "iss": "https://northwind.okta.example/oauth2/default",
        "aud": "api://northwind",
        "iat": now,
        "exp": now + 3600,
        "cid": "0oa2hl2inow5Uqc6c357",
        "uid": "00u1a2b3c4D5e6F7g8h9",
        "scp": ["openid", "offline_access", "billing.read"],
        "auth_time": now - 40,
        "sub": "ines@northwind.example",
    }
    return Shape({"typ": "application/okta-internal-at+jwt"}, claims | more, "00u1a2b3c4D5e6F7g8h9")


def entra(**more: Any) -> Shape:
    now = int(time.time())
    claims = {
        "aud": "6e74172b-be56-4843-9ff4-e66a39bb12e3",
        "iss": "https://login.microsoftonline.example/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0",
        "iat": now - 5,
        "nbf": now - 5,
        "exp": now + 4500,
        "aio": "AWQAm/8aAAAA3Wq0sdcXqJ7e0p3xVnOh",
        "azp": "1a2b3c4d-5e6f-4a5b-8c9d-0e1f2a3b4c5d",
        "azpacr": "1",
        "groups": ["3e8c1f0a-52b7-4d7e-9b54-6f6e1f1c1d11"],
        "name": "Ines Almeida",
        "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
        "preferred_username": "ines@northwind.example",
        "rh": "0.AXYA-i2HzIn-Vk6P.",
        "roles": ["Billing.Read"],
        "scp": "access_as_user",
        "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
        "tid": "72f988bf-86f1-41af-91ab-2d7cd011db47",
        "uti": "fqiBqXLPj0eQa82S-IYFAA",
        "ver": "2.0",
    }
    return Shape({"typ": "JWT"}, claims | more, "690222be-ff1a-4d56-abd1-7e4f7d38e474")


def keycloak(**more: Any) -> Shape:
    now = int(time.time())
    claims = {
        "exp": now + 300,
        "iat": now,
        "auth_time": now - 30,
        "jti": "onrtac:56eb8e03-a501-4d71-b38c-099fe0a714f9",
        "iss": "https://sso.northwind.example/realms/northwind",
        "aud": ["billing-api", "account"],
        "sub": "9b319159-6761-4a1f-9907-b02d263580ad",
        "typ": "Bearer",
        "azp": "billing-web",
        "sid": "d8a0aed6-b7c1-4f37-869c-da5892b542db",
        "acr": "1",
        "allowed-origins": ["https://billing.northwind.example"],
        "realm_access": {"roles": ["default-roles-northwind", "offline_access", "uma_authorization"]},
        "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}},
        "scope": "openid email profile",
        "email_verified": True,
        "name": "Ines Almeida",
        "preferred_username": "ines",
        "email": "ines@northwind.example",
    }
    return Shape({"typ": "JWT"}, claims | more, "9b319159-6761-4a1f-9907-b02d263580ad")


def authentik(**more: Any) -> Shape:
    now = int(time.time())
    claims = {
        "iss": "https://auth.northwind.example/application/o/billing/",
        "sub": "4c5b0e3c8c8f6f0d7a1f8e0b4a4f5f1d3a0c2a4c9f6e1d2b3c4d5e6f7a8b9c0d",
        "aud": "c1K9wq0Yc6mG4Vx5vJ7uX2pQ8rT3sN1bL0zHfDaE",
        "exp": now + 600,
        "iat": now,
        "auth_time": now - 20,
        "acr": "goauthentik.io/providers/oauth2/default",
        "amr": ["pwd", "mfa"],
        "sid": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "email": "ines@northwind.example",
        "email_verified": True,
        "name": "Ines Almeida",
        "preferred_username": "ines",
        "groups": ["authentik Users", "billing"],
        "azp": "c1K9wq0Yc6mG4Vx5vJ7uX2pQ8rT3sN1bL0zHfDaE",
        "uid": "Qm3xkV9tY7aP2cR8wJ5nB1zLs6dF4gHu0eTiOyXq",
    }
    return Shape({"typ": "JWT"}, claims | more, str(claims["sub"]))


def google(**more: Any) -> Shape:
    now = int(time.time())
    client = "407408718192-1a2b3c4d5e6f.apps.googleusercontent.com"
    claims = {
        "iss": "https://accounts.google.example",
        "azp": client,
        "aud": client,
        "sub": "110169484474386276334",
        "hd": "northwind.example",
        "email": "ines@northwind.example",
        "email_verified": True,
        "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q",
        "name": "Ines Almeida",
        "given_name": "Ines",
        "family_name": "Almeida",
        "iat": now,
        "exp": now + 3600,
    }
    return Shape({"typ": "JWT"}, claims | more, "110169484474386276334")


def auth0(**more: Any) -> Shape:
    now = int(time.time())
    claims = {
        "iss": "https://northwind.eu.auth0.example/",
        "sub": "auth0|64f1c2a3b4d5e6f708192a3b",
        "aud": ["https://billing.northwind.example", "https://northwind.eu.auth0.example/userinfo"],
        "iat": now,
        "exp": now + 86_400,
        "scope": "openid profile email read:invoices",
        "azp": "my8vDqYw2nQxP0rT5sLk3JfHgZbCaEuI",
        "permissions": ["read:invoices"],
    }
    return Shape({"typ": "JWT"}, claims | more, "auth0|64f1c2a3b4d5e6f708192a3b")


SHAPES = {
    "okta": okta,
    "entra": entra,
    "keycloak": keycloak,
    "authentik": authentik,
    "google": google,
    "auth0": auth0,
}
