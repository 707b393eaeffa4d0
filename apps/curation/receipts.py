"""Receipt tokens of opt-outs: signed, so they cannot be guessed and need not be stored."""

from __future__ import annotations

from django.core import signing

from apps.curation.models import OptOut
from core.errors import NotFound

_SIGNER = signing.Signer(sep=".", salt="opt-outs")


def token_of(opt_out: OptOut) -> str:
    """Return the token in the URL of a receipt."""
    return _SIGNER.sign(str(opt_out.pk))


def find_opt_out(token: str) -> OptOut:
    """Return the opt-out for a receipt token. Raises: NotFound."""
    try:
        pk = int(_SIGNER.unsign(token))
    except (signing.BadSignature, ValueError):
        raise NotFound("This receipt does not exist.") from None
    opt_out = OptOut.objects.filter(pk=pk).first()
    if opt_out is None:
        raise NotFound("This opt-out was withdrawn.")
    return opt_out
