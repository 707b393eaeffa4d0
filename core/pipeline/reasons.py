"""Reasons why lines are rejected and records are lost. They are label values in Prometheus."""

from __future__ import annotations

from enum import StrEnum


class Rejection(StrEnum):
    """Reason for rejecting a line."""

    MALFORMED_MESSAGE = "malformed PRIVMSG"
    MALFORMED_LINE = "malformed line"
    UNKNOWN_CHANNEL = "unknown channel"
    INCOMPLETE = "without id or user"
    OPTED_OUT = "opted out"
    DUPLICATE = "duplicate"
    COPIED_NOTICE = "copied notice"


class Loss(StrEnum):
    """Reason for not writing a record, and for the resulting gap."""

    # The buffer was full.
    OVERFLOW = "overflow"
    # Kafka did not acknowledge the record.
    DELIVERY = "delivery"
    # The record's partition has another owner.
    HANDOVER = "handover"
    # The record's channel is no longer tracked.
    UNWANTED = "unwanted"
