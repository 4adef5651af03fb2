"""What can go wrong around the blacklist, each situation with a name and its evidence."""


class BlacklistError(Exception):
    """Any failure of this package; the text is fit for a log, never for a client."""


class BlacklistUnavailable(BlacklistError):
    """Redis did not do what was asked, in time; nothing may be reported as cut off."""


class BlacklistFull(BlacklistUnavailable):
    """Redis has no memory left and took nothing of this call."""


class GateRefused(BlacklistUnavailable):
    """A marker in place belongs to a newer writer or generation; ours was not written over it."""


class UnsupportedAddress(BlacklistError):
    """A Redis address this version cannot use; a mistake in configuration, not an outage."""


class InvalidProfile(BlacklistError):
    """An issuer's profile contradicts itself or would accept what must not be accepted."""


class KeysTooOld(BlacklistError):
    """An issuer's keys could not be fetched for too long: its tokens are neither good nor bad, but unknown."""


class InvalidToken(BlacklistError):
    """A token that must not be accepted, whatever the blacklist says.

    `cause` is a short stable code for programs, `detail` a sentence without any secret in it.
    """

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(f"{cause}: {detail}")
        self.cause = cause
        self.detail = detail


class UnknownKey(InvalidToken):
    """A token of a trusted issuer whose key is not among those known; it may be a new one."""

    def __init__(self, issuer: str, detail: str) -> None:
        super().__init__("unknown_key", detail)
        self.issuer = issuer
