"""What a process costs: CPU seconds and memory of a process tree, read from /proc; medians."""

import os
import statistics
import time

TICK = os.sysconf("SC_CLK_TCK")


def tree(pid):
    """The process and all its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as f:
                    parent = int(f.read().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry))
    found, queue = [], [pid]
    while queue:
        p = queue.pop()
        found.append(p)
        queue += children.get(p, [])
    return found


def cpu_seconds(pid):
    """User and system seconds of the tree, nanosecond resolution where the scheduler gives it."""
    total = 0.0
    for p in tree(pid):
        try:
            for thread in os.listdir(f"/proc/{p}/task"):
                with open(f"/proc/{p}/task/{thread}/schedstat") as f:
                    total += int(f.read().split()[0]) / 1e9
        except OSError:
            continue
    return total


def memory_kib(pid):
    """PSS and anonymous memory of the tree, KiB."""
    pss = anonymous = 0
    for p in tree(pid):
        try:
            with open(f"/proc/{p}/smaps_rollup") as f:
                for line in f:
                    if line.startswith("Pss:"):
                        pss += int(line.split()[1])
                    elif line.startswith("Anonymous:"):
                        anonymous += int(line.split()[1])
        except OSError:
            continue
    return pss, anonymous


class CpuMeter:
    """with CpuMeter(pid) as m: ...; m.seconds"""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        self.start = cpu_seconds(self.pid)
        self.clock = time.monotonic()
        return self

    def __exit__(self, *_):
        self.seconds = cpu_seconds(self.pid) - self.start
        self.wall = time.monotonic() - self.clock


def spread(values):
    """Median, minimum and maximum."""
    values = [v for v in values if v is not None]
    if not values:
        return None
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "n": len(values)}
