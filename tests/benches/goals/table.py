"""Reads a folder's table as Arrow so many times; prints the median in nanoseconds.

Arguments: folder of the compiled component, data folder, profile, the folder's entry identifier, its rows, runs.
"""

import statistics
import sys
import time

import mapi_session
import pyarrow  # noqa: F401 loaded before the clock starts

COLUMNS = ("entryid", "subject", "sender_name", "display_to", "message_delivery_time", "message_size", "message_flags", "importance")

cache, data, profile, folder, rows, runs = sys.argv[1:]
with mapi_session.Engine(cache).open(data) as subsystem, subsystem.logon(profile) as session:
    # A session opens what lies in stores that are open.
    store = session.default_store
    opened = session.open(bytes.fromhex(folder))
    samples = []
    for _ in range(int(runs)):
        start = time.perf_counter_ns()
        table = opened.contents().select(*COLUMNS).order_by("-message_delivery_time").to_arrow()
        samples.append(time.perf_counter_ns() - start)
        assert table.num_rows == int(rows) and table.num_columns == len(COLUMNS), table.schema
print(statistics.median_low(samples))
