"""`python -m libs.common.worker services.<name>.main`: run a service's worker until SIGTERM or SIGINT."""

import asyncio
import importlib
import logging
import signal
import sys

from libs.common.app import Worker
from libs.common.schema_gate import IncompatibleSchema


async def main(module_name: str) -> None:
    worker: Worker = importlib.import_module(module_name).worker()
    for sig in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sig, worker.stopping.set)
    await worker.run()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        asyncio.run(main(sys.argv[1]))
    except IncompatibleSchema as error:
        sys.exit(f"{error}")
