"""The guard's Prometheus metrics, next to LiteLLM's on ``/metrics``. Labels are bounded: never a customer."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram, multiprocess

DECISIONS = Counter(
    "tollgate_guard_decisions", "Requests decided", ["decision", "reason", "route", "tier", "query_type"]
)
CALLS = Counter("tollgate_guard_calls", "Calls settled", ["model", "provider", "query_type", "outcome"])
SPEND = Counter("tollgate_guard_spend_nanodollars", "Nano-dollars charged", ["model", "tier", "query_type"])
LITELLM_SPEND = Counter(
    "tollgate_guard_litellm_spend_nanodollars", "Nano-dollars that LiteLLM counted for the same calls", ["model"]
)
# kind: prompt (all of it), completion, and of the prompt: cached, cache_write_5m, cache_write_1h.
TOKENS = Counter("tollgate_guard_tokens", "Tokens charged", ["model", "kind"])
PROVIDER_CACHE_SAVED = Counter(
    "tollgate_guard_provider_cache_saved_nanodollars", "Nano-dollars that reads of providers' caches did not cost", ["model"]
)
PROVIDER_CACHE_WRITES = Counter(
    "tollgate_guard_provider_cache_writes_nanodollars",
    "Nano-dollars that writes to providers' caches cost above plain input",
    ["model"],
)
ATTEMPTS = Counter(
    "tollgate_guard_attempts", "Attempts at a model, by how they ended", ["provider", "model", "ending"]
)
PROVIDER_ERRORS = Counter("tollgate_guard_provider_errors", "Attempts that failed", ["provider", "model", "status"])
CACHE_HITS = Counter("tollgate_guard_cache_hits", "Calls answered from the cache", ["model"])
CACHE_SAVED = Counter("tollgate_guard_cache_saved_nanodollars", "Nano-dollars that cache hits did not cost", ["model"])
# outcome: counted, refused, late, failed, not_understood, paused, below_bill.
COUNTS = Counter("tollgate_guard_prompt_counts", "Prompts that a provider was asked to count", ["provider", "outcome"])
CROSSINGS = Counter("tollgate_guard_crossings", "Budget thresholds crossed", ["percent", "action", "tier"])
HOLDS_IN_FLIGHT = Gauge("tollgate_guard_holds_in_flight", "Holds not settled yet", multiprocess_mode="livesum")
CALLS_QUEUED = Gauge(
    "tollgate_guard_calls_queued", "Calls that wait for a place, money or tokens", multiprocess_mode="livesum"
)
BYTES_IN_FLIGHT = Gauge(
    "tollgate_guard_bytes_in_flight", "Bytes of the requests that are queued or in flight", multiprocess_mode="livesum"
)
LEDGER_AWAY = Gauge(
    "tollgate_guard_ledger_away", "Workers that refuse at once because the ledger does not answer", multiprocess_mode="livesum"
)
HOLDS_EXPIRED = Counter("tollgate_guard_holds_expired", "Holds charged because their lease ran out")
OVER_HOLD = Counter("tollgate_guard_over_hold", "Calls that cost more than was held", ["model"])
LEDGER_ERRORS_TOTAL = Counter("tollgate_guard_ledger_errors", "Ledger operations that failed", ["operation"])

_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
QUEUE_SECONDS = Histogram(
    "tollgate_guard_queue_seconds",
    "Time from a request to the ledger's decision",
    buckets=(*_BUCKETS, 5.0, 10.0, 30.0),
)
RESERVE_SECONDS = Histogram(
    "tollgate_guard_reserve_seconds", "Round trip of a reservation in the ledger", buckets=_BUCKETS
)
SETTLE_SECONDS = Histogram(
    "tollgate_guard_settle_seconds", "Round trip of a settlement in the ledger", buckets=_BUCKETS
)


# With several workers prometheus_client leaves out what a process takes; this is the sum of them, under the usual names.
RESIDENT_BYTES = Gauge(
    "process_resident_memory_bytes", "Resident memory of the workers", multiprocess_mode="livesum", registry=None
)
CPU_SECONDS = Counter("process_cpu_seconds", "CPU time of the workers", registry=None)
_counted_cpu = 0.0


def publish_process() -> None:
    """Brings this worker's memory and CPU time up to date."""
    global _counted_cpu
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    RESIDENT_BYTES.set(pages * os.sysconf("SC_PAGE_SIZE"))
    used = time.process_time()
    CPU_SECONDS.inc(used - _counted_cpu)
    _counted_cpu = used


def forget_dead_workers() -> None:
    """Takes the gauges of workers that were killed out of the sum; one that ends in order does so itself."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not folder:
        return
    for pid in {int(path.stem.rpartition("_")[2]) for path in Path(folder).glob("gauge_live*.db")}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            # Another worker may remove the same files.
            with suppress(FileNotFoundError):
                multiprocess.mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
