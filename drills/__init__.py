"""Faults injected into a running copy, with the ledger as judge."""
