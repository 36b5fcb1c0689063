"""Pictures of reports: drawn from frozen figures, as SVG and PNG, readable in grey print, each with its text."""

import atexit
import os
import shutil
import tempfile

# matplotlib writes the faces it finds into the home folder of whoever runs it, and asks the environment alone for
# another place: before it is imported, a private folder that goes with the process.
if "MPLCONFIGDIR" not in os.environ:
    os.environ["MPLCONFIGDIR"] = tempfile.mkdtemp(prefix="lantoa-charts-")
    atexit.register(shutil.rmtree, os.environ["MPLCONFIGDIR"], ignore_errors=True)
