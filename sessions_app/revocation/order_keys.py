"""What makes a repeated click or call harmless: the order key, for a day, for the same caller only."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction

from sessions_app.models import OrderKey, Revocation
from sessions_app.revocation.errors import OrderKeyReused
from sessions_app.revocation.orders import Order

ORDER_KEYS_LIVE = timedelta(hours=24)


def answer_to_repeat(order: Order) -> Revocation | None:
    """What the same caller's order with this key led to, or None. Raises OrderKeyReused for another order."""
    if not order.order_key:
        return None
    OrderKey.objects.filter(created_at__lt=order.received_at - ORDER_KEYS_LIVE).delete()
    known = (
        OrderKey.objects.select_related("revocation").filter(caller=order.caller, key=order.order_key).first()
    )
    if known is None:
        return None
    if known.fingerprint != order.fingerprint():
        raise OrderKeyReused
    return known.revocation


def remember_order_key(order: Order, revocation: Revocation) -> None:
    """Expects the order's people to be locked and its transaction to be open."""
    if not order.order_key:
        return
    try:
        with transaction.atomic():
            OrderKey.objects.create(
                caller=order.caller,
                key=order.order_key,
                fingerprint=order.fingerprint(),
                revocation=revocation,
                created_at=order.received_at,
            )
    except IntegrityError as error:
        # The same key for somebody else, at the same moment: their lock was not ours.
        raise OrderKeyReused from error
