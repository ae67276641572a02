"""soak.py --cells N --out FILE KERNEL: runs a long notebook in one kernel, and watches its memory.

The cells are what notebooks are made of: declarations that are made anew, packages, output, errors, type errors, waits,
displays and comms, and every ten of them a completion and an inspection.
"""

import argparse
import json
import statistics

from client import Kernel

FIRST = """import v8 from "node:v8";
import vm from "node:vm";
v8.setFlagsFromString("--expose-gc");
const collect: () => void = vm.runInNewContext("gc");
import * as tf from "@tensorflow/tfjs";
import { Comm, display } from "@latentlab/kernel";
const keep = (index: number) => index;"""

# What cells have left, without what is garbage.
HEAP = "collect(); console.log(process.memoryUsage().heapUsed)"

# Each with the status that it must come to.
CELLS = [
    (lambda i: f"1 + {i}", "ok"),
    (lambda i: f"const x = {i}, y = {{ x, list: [x, x + 1] }};\ny", "ok"),
    (lambda i: f"class Encoder {{ constructor(readonly width = {i}) {{}} area() {{ return this.width ** 2; }} }}\n"
     "new Encoder(3).area()", "ok"),
    (lambda i: f"for (let line = 0; line < 20; line++) console.log('cell {i}, line', line)", "ok"),
    (lambda i: f"function fail(): never {{ throw new RangeError('{i}'); }}\nfail()", "error"),
    (lambda i: f"const wrong: number = 'of cell {i}'", "error"),
    (lambda i: f"await new Promise((resolve) => setTimeout(resolve, 1)); x + {i}", "ok"),
    (lambda i: f"tf.tidy(() => tf.mean(tf.randomNormal([8, 8])).arraySync() as number) < {i + 10}", "ok"),
    (lambda i: f"let counted{i % 100} = keep({i}); display({{ 'text/html': `<b>${{counted{i % 100}}}</b>` }})", "ok"),
    (lambda i: f"{{ const comm = new Comm('soak', {{ data: {{ index: {i} }} }}); comm.send({{ done: true }}); comm.close(); }}", "ok"),
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kernel")
    parser.add_argument("--cells", type=int, default=5000)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    kernel = Kernel(options.kernel)
    kernel.start()
    try:
        kernel.wait_for_subscription()
        result = soak(kernel, options.cells)
    finally:
        kernel.stop()
    with open(options.out, "w") as file:
        json.dump(result, file)


def soak(kernel, count):
    """Memory and median time a cell, a hundred times on the way."""
    status, _, _ = kernel.execute(FIRST)
    assert status == "ok", status
    every = max(count // 100, len(CELLS))
    samples, times, wrong = [], [], []
    for index in range(1, count + 1):
        make, expected = CELLS[index % len(CELLS)]
        status, took, _ = kernel.execute(make(index))
        times.append(took)
        if status != expected:
            wrong.append([index, make(index), status])
        if index % len(CELLS) == 0:
            kernel.complete("tf.")
            kernel.inspect("keep")
        if index % every == 0:
            _, _, heap = kernel.execute(HEAP)
            samples.append(
                {
                    "cells": index,
                    "megabytes": kernel.memory() / 1e6,
                    "heapMegabytes": int(heap) / 1e6,
                    "milliseconds": statistics.median(times),
                }
            )
            times = []
            if len(samples) % 10 == 0:
                print(samples[-1], flush=True)
    return {
        "cells": count,
        "unexpected": wrong,
        "kilobytesPerCell": 1e3 * slope(samples, "megabytes"),
        "heapKilobytesPerCell": 1e3 * slope(samples, "heapMegabytes"),
        "samples": samples,
    }


def slope(samples, key):
    """Theil and Sen's, the median of the slopes between all pairs: a collection now and then does not move it.

    Of the second half: what is loaded and compiled once, is by then.
    """
    later = samples[len(samples) // 2 :]
    return statistics.median(
        (b[key] - a[key]) / (b["cells"] - a["cells"]) for i, a in enumerate(later) for b in later[i + 1 :]
    )


if __name__ == "__main__":
    main()
