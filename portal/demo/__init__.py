"""The demo: one believable company, its sign-ins, and an issuer whose private key we hold."""

from portal.demo.sign_ins import SignIn, sign_ins

__all__ = ["SignIn", "sign_ins"]
