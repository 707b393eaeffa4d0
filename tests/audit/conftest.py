"""A client that may read the audit log."""

from tests.ingest.conftest import curator as curator
