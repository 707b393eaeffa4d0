from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import PermissionDenied
from django.db.models import DateTimeField, QuerySet
from django.forms import Form, ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from apps.audit.audited import Audited
from apps.audit.queries import ErasureReceipt, erasure_receipt
from apps.audit.services import actor_name
from apps.channels.models import Channel, Tag
from apps.curation.decisions import BLOCK, NONE, PIN, Decision, decide, decision_of
from apps.curation.models import Bot, OptOut, OptOutRequest
from apps.curation.opt_outs import accept_request, decline_request
from apps.curation.receipts import token_of
from apps.dashboard.curation.channel_list import AttentionFilter, LiveColumns, ValuesFilter
from apps.dashboard.curation.forms import (
    BotForm,
    BulkDecisionForm,
    ChannelAddForm,
    ChannelChangeForm,
    OptOutAddForm,
    OptOutAnswerForm,
    OptOutForm,
    TagForm,
    TagsForm,
)
from apps.dashboard.curation.importing import import_sheet
from core.errors import Refused

BULK_TEMPLATE = "admin/channels/channel/decide.html"


class LabeledDateTime(AdminSplitDateTime):
    """A date field and a time field, each with a label for screen readers, which Django itself does not provide."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        for part, label in zip(self.widgets, ("Date", "Time"), strict=True):
            part.attrs["aria-label"] = label


@admin.register(Channel)
class ChannelAdmin(LiveColumns):
    formfield_overrides = {DateTimeField: {"widget": LabeledDateTime}}
    list_display = ("login", *LiveColumns.live_columns, "tagged", "last_seen_at", "note")
    list_filter = (
        AttentionFilter,
        "pinned",
        "blocked",
        "is_wanted",
        ("tags", admin.RelatedOnlyFieldListFilter),
        ("decided_until", admin.EmptyFieldListFilter),
        ("reason", ValuesFilter),
        ("language", ValuesFilter),
    )
    search_fields = ("login", "name", "=id", "note", "former_logins__login")
    from_twitch = (
        "id",
        "login",
        "former",
        "name",
        "title",
        "category",
        "language",
        "viewers",
        "viewers_raw",
        "is_wanted",
        "started_at",
        "offline_since",
        "ended_at",
        "last_seen_at",
    )
    fieldsets = (("Decided here", {"fields": ChannelChangeForm.Meta.fields}), ("From Twitch", {"fields": from_twitch}))
    add_fieldsets = ((None, {"fields": ChannelAddForm.Meta.fields}),)
    actions = ("pin", "block", "leave_to_rank", "tag")
    change_list_template = "admin/channels/channel/change_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        return super().get_queryset(request).prefetch_related("tags")

    def get_urls(self) -> list[URLPattern]:
        imported = self.admin_site.admin_view(self.import_view)
        return [path("import/", imported, name="channels_channel_import"), *super().get_urls()]

    def get_readonly_fields(self, _request: HttpRequest, obj: Channel | None = None) -> tuple[str, ...]:
        return self.from_twitch if obj else ()

    def get_fieldsets(self, _request: HttpRequest, obj: Channel | None = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_form(self, request: HttpRequest, obj: Channel | None = None, change: bool = False, **options: Any) -> Any:
        return super().get_form(request, obj, change, form=ChannelChangeForm if obj else ChannelAddForm, **options)

    def save_model(self, request: HttpRequest, obj: Channel, form: ModelForm[Channel], _change: bool) -> None:
        # Saves only the decision, because the refresh of the channel list may be writing other fields concurrently.
        decide(obj, form.decision, by=actor_name(request.user), now=timezone.now())  # type: ignore[attr-defined]

    def has_delete_permission(self, _request: HttpRequest, _obj: Channel | None = None) -> bool:
        return False  # a deleted channel would return within a minute, without its decision

    @admin.display(description="tags")
    def tagged(self, channel: Channel) -> str:
        return ", ".join(tag.name for tag in channel.tags.all())

    @admin.display(description="former logins")
    def former(self, channel: Channel) -> str:
        return ", ".join(row.login for row in channel.former_logins.all() if row.login != channel.login) or "none"

    @admin.action(description="Pin: always track…", permissions=["change"])
    def pin(self, request: HttpRequest, queryset: QuerySet[Channel]) -> HttpResponse | None:
        return self._decide(request, queryset, PIN, "Pin")

    @admin.action(description="Block: never track…", permissions=["change"])
    def block(self, request: HttpRequest, queryset: QuerySet[Channel]) -> HttpResponse | None:
        return self._decide(request, queryset, BLOCK, "Block")

    @admin.action(description="Track by rank: neither pinned nor blocked", permissions=["change"])
    def leave_to_rank(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        self._write(request, queryset, _without_decision)

    @admin.action(description="Tag…", permissions=["change"])
    def tag(self, request: HttpRequest, queryset: QuerySet[Channel]) -> HttpResponse | None:
        form = TagsForm(request.POST if "decided" in request.POST else None)
        if not form.is_valid():
            return self._render_bulk_form(request, queryset, form, "tag", "Tag")
        add, remove = form.cleaned_data["add"], form.cleaned_data["remove"]
        self._write(request, queryset, partial(_with_tags, add=add, remove=remove))
        return None

    def import_view(self, request: HttpRequest) -> HttpResponse:
        if not (self.has_change_permission(request) and self.has_add_permission(request)):
            raise PermissionDenied
        return import_sheet(request, self.admin_site.each_context(request))

    def _decide(self, request: HttpRequest, queryset: QuerySet[Channel], kind: str, title: str) -> HttpResponse | None:
        form = BulkDecisionForm(request.POST if "decided" in request.POST else None)
        if not form.is_valid():
            return self._render_bulk_form(request, queryset, form, request.POST["action"], title)
        reason, until = form.cleaned_data["reason"], form.cleaned_data["until"]
        self._write(request, queryset, partial(_with_decision, kind=kind, reason=reason, until=until))
        return None

    def _render_bulk_form(
        self, request: HttpRequest, queryset: QuerySet[Channel], form: Form, action: str, title: str
    ) -> HttpResponse:
        """Render the form of a bulk action."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"{title} {queryset.count()} channels",
            "form": form,
            "chosen": queryset,
            "action": action,
            "verb": title,
            "opts": self.opts,
        }
        return TemplateResponse(request, BULK_TEMPLATE, context)

    def _write(self, request: HttpRequest, queryset: QuerySet[Channel], change: Callable[[Decision], Decision]) -> None:
        """Apply a change to each channel; a rejected change does not stop the others."""
        changed, refused = 0, list[str]()
        for channel in queryset:
            try:
                now = timezone.now()
                changed += decide(channel, change(decision_of(channel)), by=actor_name(request.user), now=now)
            except Refused as error:
                refused.append(f"Unchanged: {channel.login}: {error}")
        self.message_user(request, f"Channels changed: {changed}.")
        if refused:
            self.message_user(request, " ".join(refused[:20]), messages.WARNING)


def _with_decision(before: Decision, *, kind: str, reason: str, until: Any) -> Decision:
    return Decision(kind, reason, until, before.tags, before.note)


def _without_decision(before: Decision) -> Decision:
    return Decision(NONE, tags=before.tags, note=before.note)


def _with_tags(before: Decision, *, add: tuple[str, ...], remove: tuple[str, ...]) -> Decision:
    tags = tuple(tag for tag in (*before.tags, *add) if tag not in remove)
    return Decision(before.kind, before.reason, before.until, tags, before.note)


@admin.register(Tag)
class TagAdmin(Audited):
    form = TagForm
    list_display = ("name",)
    search_fields = ("name",)
    audited = ("name",)


@admin.register(OptOut)
class OptOutAdmin(Audited):
    list_display = ("login", "twitch_id", "kind", "note", "created_at", "told_at", "deleted_rows")
    list_display_links = ("login", "twitch_id")
    list_filter = ("kind",)
    search_fields = ("login", "=twitch_id", "note")
    date_hierarchy = "created_at"
    fields = ("kind", "login", "twitch_id", "note")
    audited = ("kind", "login", "twitch_id", "note")

    def get_readonly_fields(self, _request: HttpRequest, obj: OptOut | None = None) -> tuple[str, ...]:
        return ("kind", "login", "twitch_id", "created_at", "told_at", "proof", "receipt") if obj else ()

    def get_fields(self, _request: HttpRequest, obj: OptOut | None = None) -> Any:
        return (*self.fields, "created_at", "told_at", "proof", "receipt") if obj else (*self.fields, "account")

    def get_form(self, request: HttpRequest, obj: OptOut | None = None, change: bool = False, **options: Any) -> Any:
        return super().get_form(request, obj, change, **{"form": OptOutForm if obj else OptOutAddForm, **options})

    @admin.display(description="rows deleted")
    def deleted_rows(self, opt_out: OptOut) -> str:
        proof = erasure_receipt(opt_out.event)
        return f"{proof.total:,}" if proof and proof.done_at else "–"

    @admin.display(description="deleted from history")
    def proof(self, opt_out: OptOut) -> str:
        if opt_out.kind == OptOut.Kind.USER:
            return "Nothing, because history contains no data about individuals."
        return describe_proof(erasure_receipt(opt_out.event))

    @admin.display(description="receipt")
    def receipt(self, opt_out: OptOut) -> str:
        address = reverse("opt-out-receipt", args=[token_of(opt_out)])
        return format_html('<a href="{}">Private link for the person or channel that opted out</a>', address)


@admin.register(OptOutRequest)
class OptOutRequestAdmin(admin.ModelAdmin[OptOutRequest]):
    list_display = ("login", "kind", "contact", "note", "created_at", "state", "closed_at")
    list_filter = ("state", "kind")
    search_fields = ("login", "note")
    readonly_fields = ("login", "kind", "contact", "note", "created_at", "state", "closed_at")
    fields = (*readonly_fields, "decision", "account")
    form = OptOutAnswerForm
    date_hierarchy = "created_at"

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: OptOutRequest | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.closed_at is None)

    def has_delete_permission(self, _request: HttpRequest, _obj: OptOutRequest | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: OptOutRequest | None = None) -> Any:
        return self.fields if self.has_change_permission(request, obj) else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: OptOutRequest, form: ModelForm[Any], _change: bool) -> None:
        by = actor_name(request.user)
        if form.cleaned_data["decision"] == "accept":
            accept_request(obj, form.account_found, by=by)  # type: ignore[attr-defined]
        else:
            decline_request(obj, by=by)


def describe_proof(proof: ErasureReceipt | None) -> str:
    """Return the deleted rows as display text."""
    if proof is None:
        return "Not yet: deletion starts within a minute."
    tables = "; ".join(
        f"{name}: {rows:,} found, {'?' if left is None else f'{left:,}'} left" for name, rows, left in proof.tables
    )
    return f"{tables}. {f'Done {proof.done_at:%Y-%m-%d %H:%M} UTC' if proof.done_at else 'In progress'}."


@admin.register(Bot)
class BotAdmin(Audited):
    form = BotForm
    list_display = ("login", "is_counted_out", "note")
    list_editable = ("is_counted_out",)
    list_filter = ("is_counted_out",)
    search_fields = ("login", "note")
    audited = ("login", "is_counted_out", "note")
