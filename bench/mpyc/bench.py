"""Operations of MPyC, in the form of `sharewell bench --json`.

Three party processes on loopback, Shamir sharing with one corruption, as MPyC is installed: plain
TCP. Inputs are shared before the clock starts, results stay shared; every result is opened and
checked afterwards. `bench.py -M3 mul:1000 ...` starts the parties; the first one writes a JSON
object per line, as bench/spu/bench.py does.
"""

import json
import pathlib
import resource
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from loopback import cpu_s, isolate, loopback_bytes

REPETITIONS = 3
# The other parties, which MPyC starts as it is imported, are born into the first one's network.
if "-I" not in sys.argv and not isolate():
    sys.exit("no network of our own: MPyC's bytes cannot be counted")

import numpy as np
from mpyc.runtime import mpc


def operations():
    """Each operation: the function, the type of its inputs, the inputs, and the largest error."""
    random = np.random.default_rng(1)
    integer, fixed = mpc.SecInt(64), mpc.SecFxp(64, 18)

    def integers(*shape):
        return random.integers(-(2**20), 2**20, shape)

    return {
        "mul": (lambda x, y: x * y, integer, lambda n: [integers(n), integers(n)], 0),
        "mul_trunc": (
            lambda x, y: x * y, fixed, lambda n: [random.normal(size=n) for _ in "xy"], 1e-3),
        "less_than": (lambda x, y: x < y, integer, lambda n: [integers(n), integers(n)], 0),
        "equal": (lambda x, y: x == y, integer, lambda n: [integers(n), integers(n)], 0),
        "matmul": (lambda x, y: x @ y, integer, lambda n: [integers(n, n), integers(n, n)], 0),
        "matmul_trunc": (
            lambda x, y: x @ y, fixed, lambda n: [random.normal(size=(n, n)) for _ in "xy"], 1e-1),
        "sort": (np.sort, integer, lambda n: [integers(n)], 0),
    }


async def measure(op, n):
    function, kind, draw, tolerance = operations()[op]
    inputs = draw(n)
    shares = [mpc.input(kind.array(x), senders=0) for x in inputs]
    await mpc.gather(shares)
    runs = []
    for repetition in range(REPETITIONS + 1):
        await mpc.barrier(f"{op} {repetition}")
        await mpc.gather(mpc.transfer(0))
        carried, cpu, start = loopback_bytes(), cpu_s(), time.monotonic()
        result = function(*shares)
        await mpc.gather(result)
        end, cpu = time.monotonic(), cpu_s() - cpu
        parties = await mpc.transfer((start, end, cpu))
        wall = max(end for _, end, _ in parties) - min(start for start, _, _ in parties)
        if repetition > 0:
            runs.append((wall, sum(cpu for _, _, cpu in parties), loopback_bytes() - carried))
    got = np.array(await mpc.output(result), dtype=np.float64)
    error = float(np.abs(got - function(*inputs)).max())
    if error > tolerance:
        sys.exit(f"MPyC's {op} of {n} is off by {error}")
    peak = max(await mpc.transfer(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
    wall_s, cpu, carried = (statistics.median(column) for column in zip(*runs))
    return {
        "op": op,
        "n": n,
        "wall_s": round(wall_s, 6),
        "cpu_s": round(cpu, 6),
        "bytes_per_party": round(carried / 3),
        "peak_mb": round(peak / 1024),
        "error": error,
    }


async def main():
    await mpc.start()
    for case in sys.argv[1:]:
        op, n = case.rsplit(":", 1)
        row = await measure(op, int(n))
        if mpc.pid == 0:
            print(json.dumps(row), flush=True)
    await mpc.shutdown()


mpc.run(main())
