"""Static files under names that tell their content."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Scripts import their modules by such names too: a page never runs those of two versions together."""

    support_js_module_import_aggregation = True
