"""Static files with content hashes in their names."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Rewrites the imports of JavaScript modules too, so that a page never mixes modules of two versions."""

    support_js_module_import_aggregation = True
