"""Faults injected into a running copy, with the ledger as judge."""

import os

# Everything that a drill asks is on this machine; the instances it starts have an environment of their own.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
