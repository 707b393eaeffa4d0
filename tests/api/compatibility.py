"""Compares two OpenAPI descriptions: a later one may only add to an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")


def breaking_changes(released: Mapping[str, Any], present: Mapping[str, Any]) -> list[str]:
    """Return the changes from `released` to `present` that can break a client."""
    changes = []
    for path, methods in released["paths"].items():
        for method in METHODS:
            if method in methods:
                now = present["paths"].get(path, {}).get(method)
                where = f"{method.upper()} {path}"
                changes += [f"{where} was removed"] if now is None else _in_operation(where, methods[method], now)
    for name, schema in released["components"]["schemas"].items():
        now = present["components"]["schemas"].get(name)
        is_request = name.endswith("Request")
        changes += [f"{name} was removed"] if now is None else _in_schema(name, schema, now, is_request=is_request)
    return changes


def _in_operation(where: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    changes = [f"{where}: operationId changed"] if old["operationId"] != new["operationId"] else []
    if old.get("security") != new.get("security"):
        changes.append(f"{where}: scope changed")
    new_parameters = {(parameter["name"], parameter["in"]): parameter for parameter in new.get("parameters", [])}
    old_parameters = {(parameter["name"], parameter["in"]): parameter for parameter in old.get("parameters", [])}
    for key, parameter in old_parameters.items():
        now = new_parameters.get(key)
        path = f"{where} {key[0]}"
        if now is None:
            changes.append(f"{path} was removed")
        else:
            changes += _in_schema(path, parameter["schema"], now["schema"], is_request=True)
    added = new_parameters.keys() - old_parameters.keys()
    changes += [f"{where} {key[0]} is required" for key in added if new_parameters[key].get("required")]
    for status, response in old["responses"].items():
        now = new["responses"].get(status, {})
        changes += [f"{where} {status} was removed"] if not now else []
        for media_type, content in response.get("content", {}).items():
            now_content = now.get("content", {}).get(media_type)
            is_same = now_content is not None and now_content["schema"].get("$ref") == content["schema"].get("$ref")
            changes += [] if is_same else [f"{where} {status} {media_type} was removed or changed"]
    return changes


def _in_schema(where: str, old: Mapping[str, Any], new: Mapping[str, Any], *, is_request: bool) -> list[str]:
    """Return the breaking changes: responses may gain fields but not change types; requests may not become stricter."""
    changes = [f"{where}: type changed"] if old.get("type") != new.get("type") else []
    changes += [f"{where}: format changed"] if old.get("format") != new.get("format") else []
    changes += [f"{where}: reference changed"] if old.get("$ref") != new.get("$ref") else []
    removed = set(map(str, old.get("enum", []))) - set(map(str, new.get("enum", old.get("enum", []))))
    removed |= set(old.get("x-known-values", [])) - set(new.get("x-known-values", []))
    changes += [f"{where}: {', '.join(sorted(removed))} was removed"] if removed else []
    changes += [f"{where}: became an enum"] if "enum" in new and "enum" not in old else []
    required, now_required = set(old.get("required", [])), set(new.get("required", []))
    differing = now_required - required if is_request else required - now_required
    changes += [f"{where}: required fields changed: {', '.join(sorted(differing))}"] if differing else []
    for limit, sign in (("minimum", 1), ("minLength", 1), ("maximum", -1), ("maxLength", -1), ("maxItems", -1)):
        is_stricter = limit in new and (limit not in old or sign * (new[limit] - old[limit]) > 0)
        changes += [f"{where}: {limit} is stricter"] if is_request and is_stricter else []
    for name, field in old.get("properties", {}).items():
        now = new.get("properties", {}).get(name)
        path = f"{where}.{name}"
        changes += [f"{path} was removed"] if now is None else _in_schema(path, field, now, is_request=is_request)
    for inner in ("items", "additionalProperties"):
        if isinstance(old.get(inner), dict):
            changes += _in_schema(f"{where}[]", old[inner], new.get(inner) or {}, is_request=is_request)
    return changes
