"""What the system says of another process: the CPU time it has used, and the memory it holds.

The rule: no package is needed. Linux keeps a clock for each process, in nanoseconds; elsewhere ``ps`` tells, in
hundredths of a second at best; where neither does, the figure is None and the table says so.
"""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

_TIME = re.compile(r"(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+(?:\.\d+)?)")


def cpu_seconds(pid: int) -> float | None:
    """User and system time of a process so far, in seconds."""
    if sys.platform == "linux":
        # What clock_getcpuclockid(3) gives, which Python does not have: the kernel's MAKE_PROCESS_CPUCLOCK, for the
        # time that the scheduler has measured.
        return time.clock_gettime(~pid << 3 | 2)
    found = _TIME.fullmatch(_ps(pid, "time"))
    if found is None:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def family(pid: int) -> list[int]:
    """A process and those that it started, and so on; itself alone where the system does not tell."""
    if sys.platform != "linux":
        return [pid]
    children = Path(f"/proc/{pid}/task/{pid}/children")
    below = [int(child) for child in children.read_text().split()] if children.exists() else []
    return [pid, *(found for child in below for found in family(child))]


def resident_mb(pid: int) -> float | None:
    """Memory that a process holds, in MB (2**20 bytes)."""
    status = Path(f"/proc/{pid}/status")
    text = status.read_text() if status.exists() else f"VmRSS: {_ps(pid, 'rss')} kB"
    found = re.search(r"VmRSS:\s*(\d+) kB", text)
    return int(found[1]) / 1024 if found else None


def peak_mb(pid: int) -> float | None:
    """The most memory that a process ever held, in MB; None where the system does not keep it."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) / 1024 if found else None


def _ps(pid: int, column: str) -> str:
    if shutil.which("ps") is None:
        return ""
    done = subprocess.run(["ps", "-o", f"{column}=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()
