"""Celery application: tasks and beat's schedule."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "twitchly.settings")

app = Celery("twitchly")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_scheduler = "twitchly.scheduler:StartupScheduler"
app.conf.beat_schedule = {
    # Tasks expire after one period, because those that pile up while the worker is down would only repeat each other.
    "refresh-channel-list": {
        "task": "apps.ingest.tasks.refresh_channel_list",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "record-status-sample": {
        "task": "apps.dashboard.tasks.record_status_sample",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "delete-expired-security-records": {
        "task": "apps.dashboard.tasks.delete_expired_security_records",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "roll-up-days": {"task": "apps.metrics.tasks.roll_up_days", "schedule": 3600.0, "options": {"expires": 3600}},
    "apply-curation": {"task": "apps.ingest.tasks.apply_curation", "schedule": 10.0, "options": {"expires": 10}},
    "publish-opt-outs": {"task": "apps.ingest.tasks.publish_opt_outs", "schedule": 60.0, "options": {"expires": 60}},
    "delete-expired-hash-keys": {
        "task": "apps.ingest.tasks.delete_expired_hash_keys",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
}


@setup_logging.connect
def keep_django_logging(**_kwargs: Any) -> None:
    """Keep Django's logging. A receiver of this signal stops Celery from configuring logging itself."""
