"""`python -m libs.common.worker services.<name>.main`: run a service's worker until SIGTERM or SIGINT.

Ends with 0 after a stop, and otherwise with another status and a reason, so that whoever watches it starts it again.
"""

import asyncio
import importlib
import logging
import signal
import sys

from libs.common import logs, telemetry
from libs.common.app import Worker, WorkerFailed
from libs.common.bus import BusRefused
from libs.common.faults import describe
from libs.common.schema_gate import IncompatibleSchema

log = logging.getLogger("lantoa.worker")


async def main(module_name: str) -> None:
    worker: Worker = importlib.import_module(module_name).worker()
    telemetry.start(f"{worker.service.name}-worker", worker.settings.telemetry)
    for sig in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sig, worker.stopping.set)
    await worker.run()


def reasons(error: BaseException) -> list[str]:
    """What is behind a failure, one line for each task that failed."""
    if isinstance(error, BaseExceptionGroup):
        return [line for one in error.exceptions for line in reasons(one)]
    return [str(error) if isinstance(error, IncompatibleSchema | BusRefused | WorkerFailed) else describe(error)]


if __name__ == "__main__":
    logs.configure()
    try:
        asyncio.run(main(sys.argv[1]))
    except Exception as failure:
        sys.exit("\n".join(reasons(failure)))
