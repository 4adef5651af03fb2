"""Identity: one (realm, person id) of one user."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Identity(models.Model):
    """A user has one or more; one belongs to one user for ever. `person_id` is compared byte by byte."""

    realm = models.ForeignKey("sessions_app.Realm", on_delete=models.PROTECT, related_name="identities")
    person_id = models.CharField(_("person id"), max_length=512)
    user = models.ForeignKey("sessions_app.User", on_delete=models.PROTECT, related_name="identities")
    linked_at = models.DateTimeField(_("linked"), auto_now_add=True)

    class Meta:
        verbose_name_plural = "identities"
        constraints = [models.UniqueConstraint(fields=["realm", "person_id"], name="one_user_per_identity")]

    def __str__(self) -> str:
        return f"{self.realm_id}/{self.pk}"
