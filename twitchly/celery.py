"""The Celery application: tasks, and the timetable that beat keeps."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "twitchly.settings")

app = Celery("twitchly")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_scheduler = "twitchly.timetable:StartupScheduler"
app.conf.beat_schedule = {
    # Expired after a period: tasks that piled up while the worker was away would only repeat each other.
    "refresh-channel-list": {
        "task": "apps.ingest.tasks.refresh_channel_list",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "look-at-status": {"task": "apps.dashboard.tasks.look_at_status", "schedule": 10.0, "options": {"expires": 10}},
    "delete-expired-security-records": {
        "task": "apps.dashboard.tasks.delete_expired_security_records",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "apply-curation": {"task": "apps.ingest.tasks.apply_curation", "schedule": 10.0, "options": {"expires": 10}},
    "publish-opt-outs": {"task": "apps.ingest.tasks.publish_opt_outs", "schedule": 60.0, "options": {"expires": 60}},
    "delete-expired-hash-keys": {
        "task": "apps.ingest.tasks.delete_expired_hash_keys",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
}


@setup_logging.connect
def keep_our_logs(**_kwargs: Any) -> None:
    """Write as all other processes do: that somebody answers this signal keeps Celery from its own way."""
