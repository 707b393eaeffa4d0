"""Fault-injection tests: break a running instance, then check its counts against the ledger."""

import os

# All requests stay on this machine and must not go through a proxy. Started instances have their own environment.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
