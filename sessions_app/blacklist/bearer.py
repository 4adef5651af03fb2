"""The bearer token of a request (RFC 6750, section 2.1)."""


def bearer_token(authorization: str) -> str:
    """The token of an Authorization header, "" if there is none of the Bearer scheme."""
    scheme, _, token = authorization.partition(" ")
    return token.strip(" ") if scheme.lower() == "bearer" else ""
