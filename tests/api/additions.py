"""What one description has and another has not: the second one may only add."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")


def removed(released: Mapping[str, Any], present: Mapping[str, Any]) -> list[str]:
    """Return what a partner could rely on in `released` and cannot in `present`."""
    found = []
    for path, methods in released["paths"].items():
        for method in METHODS:
            if method in methods:
                now = present["paths"].get(path, {}).get(method)
                where = f"{method.upper()} {path}"
                found += [f"{where} is gone"] if now is None else _of_operation(where, methods[method], now)
    for name, schema in released["components"]["schemas"].items():
        now = present["components"]["schemas"].get(name)
        is_asked = name.endswith("Request")
        found += [f"{name} is gone"] if now is None else _of_schema(name, schema, now, is_asked=is_asked)
    return found


def _of_operation(where: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    found = [f"{where}: its name changed"] if old["operationId"] != new["operationId"] else []
    if old.get("security") != new.get("security"):
        found.append(f"{where}: its scope changed")
    given = {(one["name"], one["in"]): one for one in new.get("parameters", [])}
    known = {(one["name"], one["in"]): one for one in old.get("parameters", [])}
    for key, one in known.items():
        there = given.get(key)
        place = f"{where} {key[0]}"
        found += (
            [f"{place} is gone"] if there is None else _of_schema(place, one["schema"], there["schema"], is_asked=True)
        )
    found += [f"{where} {key[0]} is required" for key in given.keys() - known.keys() if given[key].get("required")]
    for status, response in old["responses"].items():
        there = new["responses"].get(status, {})
        found += [f"{where} {status} is gone"] if not there else []
        for media_type, content in response.get("content", {}).items():
            now = there.get("content", {}).get(media_type)
            place = f"{where} {status} {media_type}"
            is_same = now is not None and now["schema"].get("$ref") == content["schema"].get("$ref")
            found += [] if is_same else [f"{place} is gone or another"]
    return found


def _of_schema(where: str, old: Mapping[str, Any], new: Mapping[str, Any], *, is_asked: bool) -> list[str]:
    """What is answered may get more fields and no other types; what is asked for may get wider and no narrower."""
    found = [f"{where}: its type changed"] if old.get("type") != new.get("type") else []
    found += [f"{where}: its format changed"] if old.get("format") != new.get("format") else []
    found += [f"{where}: it is another thing"] if old.get("$ref") != new.get("$ref") else []
    gone = set(map(str, old.get("enum", []))) - set(map(str, new.get("enum", old.get("enum", []))))
    gone |= set(old.get("x-known-values", [])) - set(new.get("x-known-values", []))
    found += [f"{where}: {', '.join(sorted(gone))} is gone"] if gone else []
    found += [f"{where}: its values are closed"] if "enum" in new and "enum" not in old else []
    required, now_required = set(old.get("required", [])), set(new.get("required", []))
    lost = now_required - required if is_asked else required - now_required
    found += [f"{where}: what is required changed: {', '.join(sorted(lost))}"] if lost else []
    for limit, sign in (("minimum", 1), ("minLength", 1), ("maximum", -1), ("maxLength", -1), ("maxItems", -1)):
        narrower = limit in new and (limit not in old or sign * (new[limit] - old[limit]) > 0)
        found += [f"{where}: {limit} is narrower"] if is_asked and narrower else []
    for name, one in old.get("properties", {}).items():
        there = new.get("properties", {}).get(name)
        place = f"{where}.{name}"
        found += [f"{place} is gone"] if there is None else _of_schema(place, one, there, is_asked=is_asked)
    for inner in ("items", "additionalProperties"):
        if isinstance(old.get(inner), dict):
            found += _of_schema(f"{where}[]", old[inner], new.get(inner) or {}, is_asked=is_asked)
    return found
