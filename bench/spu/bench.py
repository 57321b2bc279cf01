"""Primitive operations of SecretFlow SPU, in the form of `sharewell bench --json`.

Three party processes run ABY3 over the 64-bit ring on loopback, as SPU is installed: its links
are plain TCP. This process compiles the operation, deals out shares of random inputs and checks
the reconstructed result; none of that is timed. What is timed is the operation alone: shares in
the parties' memory before, shares in the parties' memory after, from the first party's start to
the last one's end. One run that nobody times comes first.

One JSON object per line: {"op", "n", "wall_s", "cpu_s", "bytes_per_party", "peak_mb"}. CPU is
summed over the parties. Bytes are what the loopback device carried, headers included, divided by
three; they are null where the system does not grant a network of our own.
"""

import argparse
import ctypes
import fcntl
import json
import multiprocessing
import os
import resource
import socket
import statistics
import struct
import sys
import time

PARTIES = 3
RECEIVE_TIMEOUT_MS = 600_000

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def isolate():
    """Moves this process into a network that holds nothing but a loopback device of its own."""
    if not sys.platform.startswith("linux"):
        return False
    flags = CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWUSER | CLONE_NEWNET
    if ctypes.CDLL(None).unshare(flags) != 0:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    return True


def loopback_bytes():
    with open("/proc/net/dev") as f:
        line = next(line for line in f if line.strip().startswith("lo:"))
    return int(line.split(":")[1].split()[8])


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def cpu_s():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def serve(rank, ports, config, pipe):
    """One party: holds shares by name and runs compiled programs over them."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # its log
    from spu import api, libspu

    link = libspu.link.Desc()
    link.recv_timeout_ms = RECEIVE_TIMEOUT_MS
    for party, port in enumerate(ports):
        link.add_party(f"p{party}", f"127.0.0.1:{port}")
    link = libspu.link.create_brpc(link, rank)
    settings = libspu.RuntimeConfig()
    settings.ParseFromString(config)
    runtime = api.Runtime(link, settings)

    def put(name, meta, chunks):
        share = libspu.Share()
        share.meta, share.share_chunks = meta, chunks
        runtime.set_var(name, share)

    def get(name):
        share = runtime.get_var(name)
        return share.meta, share.share_chunks

    def run(program):
        executable = libspu.Executable()
        executable.ParseFromString(program)
        link.barrier()
        cpu, start = cpu_s(), time.monotonic()
        runtime.run(executable)
        return start, time.monotonic(), cpu_s() - cpu

    def peak_mb():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    verbs = {"put": put, "get": get, "run": run, "peak_mb": peak_mb, "forget": runtime.del_var}
    pipe.send(None)
    while (request := pipe.recv()) is not None:
        verb, *arguments = request
        pipe.send(verbs[verb](*arguments))
    link.stop_link()


class Parties:
    """The party processes, and the little that is needed to have them compute a function."""

    def __init__(self):
        from spu import api, libspu

        self.libspu = libspu
        config = libspu.RuntimeConfig(libspu.ProtocolKind.ABY3, libspu.FieldType.FM64)
        self.io = api.Io(PARTIES, config)
        context = multiprocessing.get_context("spawn")
        ports = free_ports(PARTIES)
        self.pipes = []
        for rank in range(PARTIES):
            ours, theirs = context.Pipe()
            arguments = (rank, ports, config.SerializeToString(), theirs)
            context.Process(target=serve, args=arguments, daemon=True).start()
            self.pipes.append(ours)
        for pipe in self.pipes:
            pipe.recv()

    def ask(self, *requests):
        """One request for all parties, or one for each."""
        requests = requests * PARTIES if len(requests) == 1 else requests
        for pipe, request in zip(self.pipes, requests):
            pipe.send(request)
        return [pipe.recv() for pipe in self.pipes]

    def share(self, name, values):
        shares = self.io.make_shares(values, self.libspu.Visibility.VIS_SECRET)
        self.ask(*[("put", name, share.meta, share.share_chunks) for share in shares])

    def reconstruct(self, name):
        shares = []
        for meta, chunks in self.ask(("get", name)):
            share = self.libspu.Share()
            share.meta, share.share_chunks = meta, chunks
            shares.append(share)
        return self.io.reconstruct(shares)

    def compile(self, function, inputs):
        from spu.utils import frontend

        names = [f"in{i}" for i in range(len(inputs))]
        for name, values in zip(names, inputs):
            self.share(name, values)
        secret = [self.libspu.Visibility.VIS_SECRET] * len(inputs)
        program, _ = frontend.compile(
            frontend.Kind.JAX, function, inputs, {}, names, secret, lambda outputs: ["out"],
            copts=self.libspu.CompilerOptions(),
        )
        return program.SerializeToString()

    def stop(self):
        for pipe in self.pipes:
            pipe.send(None)


def operations():
    """Each operation: the function, its inputs for a size, and the largest error that is right."""
    import numpy as np

    random = np.random.default_rng(1)

    def integers(bits):
        return lambda n: random.integers(-(2**bits), 2**bits, n)

    def normal(n):
        return random.normal(size=n).astype(np.float32)

    def square(of):
        return lambda n: of((n, n))

    return {
        "mul": (lambda x, y: x * y, integers(20), 0),
        "mul_trunc": (lambda x, y: x * y, normal, 1e-3),
        "less_than": (lambda x, y: x < y, integers(40), 0),
        "equal": (lambda x, y: x == y, integers(3), 0),
        "matmul": (lambda x, y: x @ y, square(integers(10)), 0),
        "matmul_trunc": (lambda x, y: x @ y, square(normal), 1e-1),
    }


def measure(parties, op, n, repetitions, counted):
    import numpy as np

    function, draw, tolerance = operations()[op]
    inputs = [draw(n), draw(n)]
    program = parties.compile(function, inputs)
    runs = []
    for repetition in range(repetitions + 1):
        before = loopback_bytes() if counted else 0
        times = parties.ask(("run", program))
        if repetition > 0:
            wall = max(end for _, end, _ in times) - min(start for start, _, _ in times)
            carried = loopback_bytes() - before if counted else 0
            runs.append((wall, sum(cpu for _, _, cpu in times), carried))
    expected = function(*[x.astype(np.float64) if x.dtype == np.float32 else x for x in inputs])
    error = np.abs(np.subtract(parties.reconstruct("out"), expected, dtype=np.float64)).max()
    if error > tolerance:
        sys.exit(f"SPU's {op} of {n} is off by {error}")
    peak_mb = max(parties.ask(("peak_mb",)))
    for name in ("in0", "in1", "out"):
        parties.ask(("forget", name))
    wall_s, cpu, carried = (statistics.median(column) for column in zip(*runs))
    return {
        "op": op,
        "n": n,
        "wall_s": round(wall_s, 6),
        "cpu_s": round(cpu, 6),
        "bytes_per_party": round(carried / PARTIES) if counted else None,
        "peak_mb": round(peak_mb),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--op", action="append", required=True, help="OP:N, may be given several times")
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()
    counted = isolate()
    import jax

    jax.config.update("jax_enable_x64", True)
    parties = Parties()
    for case in arguments.op:
        op, n = case.split(":")
        print(json.dumps(measure(parties, op, int(n), arguments.repetitions, counted)), flush=True)
    parties.stop()


if __name__ == "__main__":
    main()
