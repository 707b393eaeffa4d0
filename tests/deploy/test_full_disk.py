"""supervisord keeps running, and restarts exited programs, when a full disk prevents it from logging."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

from deploy.local.layout import ROOT, Layout
from deploy.local.steps import wait_until
from deploy.local.supervision import Program, create_socket_folder, supervisord_conf
from deploy.local.supervisor_client import Supervisor, start_supervisord


def test_a_supervisor_that_cannot_log_still_restarts_programs(layout: Layout) -> None:
    layout = replace(layout, root=ROOT)
    for name in ("supervisord", "supervisord-console"):
        layout.log_file(name).symlink_to("/dev/full")
    create_socket_folder(layout.var)
    conf = supervisord_conf(layout, [Program("web", ["sleep", "60"])])
    (layout.conf / "supervisord.conf").write_text(conf)
    process = start_supervisord(layout, dict(os.environ))
    supervisor = Supervisor(layout)

    def pid() -> int:
        (state,) = supervisor.states()
        return state.pid if state.state == "up" else 0

    try:
        supervisor.start("web")
        wait_until(lambda: pid() > 0, 20, "the process to stay up")
        first = pid()
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: pid() not in (0, first), 20, "a new process")
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(timeout=20)
