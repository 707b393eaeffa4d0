"""The partner API."""

from __future__ import annotations

from typing import Any

from marshmallow.validate import Range

from twitchly.settings.environment import env

# Maximum number of requests per second from one IP address.
API_ADDRESS_PER_S = env.int("API_ADDRESS_PER_S", 500, validate=Range(min=1))

REST_FRAMEWORK: dict[str, Any] = {
    # The API key alone authenticates a request: see apps/api/rest/view.py.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "EXCEPTION_HANDLER": "apps.api.problems.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Twitchly API",
    "VERSION": "1.0.0",
    "SERVE_PUBLIC": True,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": ["apps.api.description.hooks.complete"],
}
