"""One provider's rows in Parquet, and the same sums by DataFusion alone.

    bench.py make ROWS FILE    writes the rows, a group at a time
    bench.py query FILE        seconds, processor seconds and most memory, as a line of JSON
"""

import json
import resource
import sys
import time

GROUP = 1_000_000
SITES = ["north", "east", "south", "west"]
SUMS = ("SELECT site, COUNT(*) AS n, SUM(hours), SUM(CAST(hours AS DECIMAL(38, 1)) * hours), "
        "SUM(failures) FROM t WHERE hours >= 10 GROUP BY site ORDER BY site")


def make(rows, path):
    import numpy
    import pyarrow
    import pyarrow.parquet

    random = numpy.random.default_rng(1)
    schema = pyarrow.schema([("hours", pyarrow.decimal128(9, 1)), ("failures", pyarrow.int32()),
                             ("site", pyarrow.string())])
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for at in range(0, rows, GROUP):
            n = min(GROUP, rows - at)
            hours = pyarrow.array(random.integers(0, 1_000_000, n) / 10)
            sites = pyarrow.DictionaryArray.from_arrays(
                pyarrow.array(random.integers(0, 4, n), pyarrow.int8()), SITES)
            failures = pyarrow.array(random.integers(0, 10, n), pyarrow.int32())
            columns = [hours.cast(pyarrow.decimal128(9, 1)), failures,
                       sites.cast(pyarrow.string())]
            writer.write_table(pyarrow.table(columns, schema=schema))


def query(path):
    import datafusion

    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    config = datafusion.SessionConfig().with_target_partitions(1)
    session = datafusion.SessionContext(config)
    session.register_parquet("t", path)
    rows = session.sql(SUMS).to_pylist()
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({
        "wall_s": time.monotonic() - start,
        "cpu_s": used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime,
        "peak_rss_bytes": used.ru_maxrss * 1024,
        "records": sum(row["n"] for row in rows),
    }))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(int(sys.argv[2]), sys.argv[3])
    else:
        query(sys.argv[2])
