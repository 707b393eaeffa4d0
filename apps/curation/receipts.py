"""The address of an opt-out's receipt: signed, so that none can be guessed and nothing secret is kept."""

from __future__ import annotations

from django.core import signing

from apps.curation.models import OptOut
from core.errors import NotFound

_SIGNER = signing.Signer(sep=".", salt="opt-outs")


def token_of(opt_out: OptOut) -> str:
    """Return what the address of the receipt ends with."""
    return _SIGNER.sign(str(opt_out.pk))


def find_opt_out(token: str) -> OptOut:
    """Return the opt-out that an address names. Raises: NotFound."""
    try:
        pk = int(_SIGNER.unsign(token))
    except (signing.BadSignature, ValueError):
        raise NotFound("There is no such receipt.") from None
    found = OptOut.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound("This opt-out was taken back.")
    return found
