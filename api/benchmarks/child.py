"""Time and memory of a new process: what a user waits for at the command line."""

from __future__ import annotations

import subprocess
import sys
import time

from engine.exceptions import InputError

_PEAK = """
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")), file=sys.stderr)
"""
"""Its own peak: what `wait4` reports would include the parent's memory before the exec."""


def cold(code: str, *arguments: str) -> tuple[float, float]:
    """Seconds and peak resident memory (MB) of a new Python that runs the code (Linux).

    Raises:
        InputError: the code failed; where is its arguments.
    """
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\n{_PEAK}", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise InputError(
            done.stderr, where=" ".join(arguments), fix="give what the command can read"
        )
    return seconds, int(done.stderr.split()[-1]) / 1024
