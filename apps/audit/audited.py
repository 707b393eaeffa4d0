"""Base class for admin pages whose changes are recorded in the audit log, with old and new values."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.contrib import admin
from django.db import models, transaction
from django.forms import ModelForm
from django.http import HttpRequest

from apps.audit.models import Act
from apps.audit.services import actor_name, record
from core.inputs.timestamps import format_timestamp


class Audited(admin.ModelAdmin[Any]):
    """Logs additions, changes and deletions; `audited` lists the fields whose values are logged."""

    audited: ClassVar[tuple[str, ...]] = ()

    def save_model(self, request: HttpRequest, obj: models.Model, form: ModelForm[Any], change: bool) -> None:
        stored = type(obj)._default_manager.filter(pk=obj.pk).first() if change else None
        form.values_before = self.values_of(stored) if stored else None  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: ModelForm[Any], formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        before, after = form.values_before, self.values_of(form.instance)  # type: ignore[attr-defined]
        if before is None or before != after:
            act = Act.Kind.ADDED if before is None else Act.Kind.CHANGED
            self._record(request, act, form.instance, before, after)

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        self._record(request, Act.Kind.DELETED, obj, self.values_of(obj), None)
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    def values_of(self, obj: models.Model) -> dict[str, Any]:
        """Return the values of the audited fields as JSON values."""
        return {name: json_value(getattr(obj, name)) for name in self.audited}

    def label_of(self, obj: Any) -> str:
        """Return the object's label for the log. It must not name people who are not staff."""
        return str(obj)

    def _record(
        self,
        request: HttpRequest,
        act: Act.Kind,
        obj: models.Model,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> None:
        by = actor_name(request.user)
        record(by=by, act=act, of=obj, before=before, after=after, label=self.label_of(obj))


def json_value(value: Any) -> Any:
    """Return a field value as a JSON value; related objects become their labels."""
    if isinstance(value, models.Manager):
        return sorted(map(str, value.all()))
    if isinstance(value, dt.datetime):
        return format_timestamp(value)
    return value if value is None or isinstance(value, bool | int | float | str | list) else str(value)
