"""The receipt of an opt-out, which shows the deleted rows to anyone who has its URL."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.audit.models import Deletion
from apps.audit.services import record_deletion
from apps.curation.models import OptOut
from apps.curation.receipts import token_of
from tests.pages import read_page
from tests.staff import staff_client

pytestmark = pytest.mark.django_db


def page_of(opt_out: OptOut) -> str:
    response = Client().get(f"/opt-out/receipt/{token_of(opt_out)}")
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return read_page(response)


def test_a_channel_receipt_shows_deleted_and_remaining_rows() -> None:
    opt_out = OptOut.objects.create(kind=OptOut.Kind.CHANNEL, twitch_id="7", login="seven", note="internal")
    assert "not yet; deletion starts within a minute" in page_of(opt_out)
    record_deletion(event=opt_out.event, stage=Deletion.Stage.FOUND, channel_id="7", rows={"minute_window": 1_440})
    assert "in progress" in page_of(opt_out)
    record_deletion(event=opt_out.event, stage=Deletion.Stage.LEFT, channel_id="7", rows={"minute_window": 0})
    page = page_of(opt_out)
    assert "1,440</td>" in page
    assert ">0</td>" in page
    assert "internal" not in page


def test_a_user_receipt_says_that_no_user_data_is_stored() -> None:
    opt_out = OptOut.objects.create(kind=OptOut.Kind.USER, twitch_id="9")
    assert "No data was stored about this person individually" in page_of(opt_out)


def test_receipt_urls_cannot_be_guessed() -> None:
    opt_out = OptOut.objects.create(kind=OptOut.Kind.USER, twitch_id="9")
    token = token_of(opt_out)
    for invalid in (str(opt_out.pk), f"{opt_out.pk}.x", token[:-1], f"1{token}", "x" * 3_000):
        assert Client().get(f"/opt-out/receipt/{invalid}").status_code == 404
    opt_out.delete()
    assert Client().get(f"/opt-out/receipt/{token}").status_code == 404


def test_the_admin_shows_the_deletion_proof_and_the_receipt_url() -> None:
    opt_out = OptOut.objects.create(kind=OptOut.Kind.CHANNEL, twitch_id="7", login="seven")
    for stage, rows in ((Deletion.Stage.FOUND, 3), (Deletion.Stage.LEFT, 0)):
        record_deletion(event=opt_out.event, stage=stage, channel_id="7", rows={"hour_window": rows})
    page = read_page(staff_client().get(f"/admin/curation/optout/{opt_out.pk}/change/"))
    assert "hour_window: 3 found, 0 left. Done" in page
    assert f"/opt-out/receipt/{token_of(opt_out)}" in page
