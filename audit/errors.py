"""What can be wrong with a record or with a question about it."""


class AuditError(Exception):
    """The record could not be written or read as asked; an action under way must not happen."""


class NobodyIsActing(AuditError):
    """A change reached the trail without anybody who asked for it."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} would be recorded without an initiator. Wrap the change in "
            "`with audit.initiators.acting(initiator):`, in tests and set-up too (for example the_shell())."
        )


class OutsideTransaction(AuditError):
    """An entry without the action, or an action without its entry, would be possible."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} must be recorded inside transaction.atomic(), together with what was done.")


class UnknownEvent(AuditError):
    def __init__(self, event: object) -> None:
        super().__init__(f"{event!r} is not listed in audit/events.py.")


class MissingField(AuditError):
    def __init__(self, code: str, missing: list[str]) -> None:
        self.code, self.missing = code, missing
        super().__init__(f"{code} must carry {', '.join(missing)}.")


class NotStorable(AuditError):
    """A value that could not be written the same way on every database, or not be read back as it was."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")


class BadCursor(AuditError):
    """A page address that this trail never gave out."""


class UnknownSigningKey(AuditError):
    """The trail knows other signing keys, and none of them vouched for this one."""

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        super().__init__(
            f"The signing key {fingerprint[:16]} is not one that this trail knows. Give every process the same "
            "AUDIT_SIGNING_KEY; a new key is introduced by `manage.py rotate_audit_key`."
        )
