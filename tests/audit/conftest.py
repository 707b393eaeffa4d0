"""Somebody who may read the log."""

from tests.ingest.conftest import curator as curator
