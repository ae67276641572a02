"""latency.py [--rounds N] [--starts N] --out FILE NAME:LANGUAGE... measures Jupyter kernels side by side.

All kernels run at the same time and take every case in turn, a block of executions each, so that a machine that gets
slower meets all of them, while a kernel is used as readers use it: for more than one cell. Times are from sending a request to its reply, over ZeroMQ, in milliseconds: median (90th percentile).
"""

import argparse
import json
import statistics
from itertools import product

from client import Kernel

# Executions of a case before the next kernel's turn.
BLOCK = 10

CASES = [
    ("start", "start to the first reply, s"),
    ("first_cell", "first `1+1` after that"),
    ("sum", "`1+1`"),
    ("class", "a class is declared and used"),
    ("later", "and used in a later cell"),
    ("burst", "2,000 lines printed, complete and in order"),
    ("import", "`import * as tf from \"@tensorflow/tfjs\"`"),
    ("tf_first", "tfjs for the first time"),
    ("tf_sum", "`1+1` once tfjs is imported"),
    ("tf_cell", "`tf.tidy(() => tf.mean(...))`"),
    ("tf_model", "a `tf.sequential` model"),
    ("complete", "completion of `tf.`"),
    ("memory", "memory after all that, MB"),
]

TYPESCRIPT = {
    "sum": lambda i: f"1+{i}",
    "class": lambda i: f"class Enc{i} {{ w: number[]; constructor(n: number) {{ this.w = new Array(n).fill({i}); }} "
    f"sum(): number {{ return this.w.reduce((p, c) => p + c, 0); }} }}\nnew Enc{i}(8).sum()",
    "later": lambda i: f"const e{i} = new Enc{i}(16); e{i}.sum()",
    "burst": lambda i: "for (let i = 0; i < 2000; i++) console.log('line ' + i)",
    "import": 'import * as tf from "@tensorflow/tfjs"',
    "tf_first": "tf.tidy(() => tf.add(tf.tensor([1,2]), tf.scalar(1)).dataSync())",
    "tf_sum": lambda i: f"1+{i}",
    "tf_cell": lambda i: f"const x{i} = tf.tidy(() => tf.mean(tf.randomNormal([8, 8])).arraySync() as number); x{i} < 10",
    "tf_model": lambda i: f"const m{i} = tf.sequential(); m{i}.add(tf.layers.dense({{units: 4, inputShape: [2]}})); "
    f"m{i}.countParams()",
}

PYTHON = {
    "sum": lambda i: f"1+{i}",
    "class": lambda i: f"class Enc{i}:\n  def __init__(self, n): self.w=[{i}]*n\n  def sum(self): return sum(self.w)\nEnc{i}(8).sum()",
    "later": lambda i: f"e{i} = Enc{i}(16); e{i}.sum()",
    "burst": lambda i: "for i in range(2000): print('line', i)",
}


SNIPPETS = {"typescript": TYPESCRIPT, "python": PYTHON}


class MeasuredKernel(Kernel):
    def __init__(self, name, language):
        super().__init__(name)
        self.snippets = SNIPPETS[language]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kernels", nargs="+")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    kernels = [MeasuredKernel(*text.split(":")) for text in options.kernels]
    results = {kernel.name: {} for kernel in kernels}
    try:
        measure_starts(kernels, options.starts, results)
        for key, title in CASES:
            measure(key, kernels, options.rounds, results)
            print(title, {name: result.get(key) for name, result in results.items()}, flush=True)
    finally:
        for kernel in kernels:
            kernel.stop()
    cases = [{"key": key, "title": title} for key, title in CASES]
    with open(options.out, "w") as file:
        json.dump({"cases": cases, "results": results}, file)


def measure_starts(kernels, count, results):
    """Each alone; the last start of each stays."""
    seconds = {kernel.name: [] for kernel in kernels}
    for turn in range(count):
        for kernel in kernels:
            seconds[kernel.name].append(kernel.start())
            if turn == count - 1:
                # At once, so that the compiler may still be loading; nobody is subscribed to the output yet.
                results[kernel.name]["first_cell"] = number(kernel.reply_time("1+1"))
            else:
                kernel.stop()
    for kernel in kernels:
        results[kernel.name]["start"] = f"{statistics.median(seconds[kernel.name]):.2f}"
        kernel.wait_for_subscription()
        for index in range(3):
            kernel.execute(f"1+{index}")


def measure(key, kernels, rounds, results):
    if key == "complete":
        for kernel in kernels:
            if "import" in kernel.snippets and results[kernel.name].get("import") != "fails":
                took, found = kernel.complete("tf.")
                results[kernel.name][key] = f"{number(took)} ({found} found)"
    elif key == "memory":
        for kernel in kernels:
            results[kernel.name][key] = f"{kernel.memory() / 1e6:.0f}"
    elif key in ("import", "tf_first"):
        for kernel in kernels:
            measure_once(key, kernel, results[kernel.name])
    elif key not in ("start", "first_cell"):
        measure_series(key, kernels, 3 if key == "burst" else rounds, results)


def measure_once(key, kernel, result):
    if key in kernel.snippets and result.get("import") != "fails":
        status, took, _ = kernel.execute(kernel.snippets[key])
        result[key] = number(took) if status == "ok" else "fails"


def measure_series(key, kernels, rounds, results):
    times = {kernel.name: [] for kernel in kernels}
    failures = {kernel.name: 0 for kernel in kernels}
    for start in range(0, rounds, BLOCK):
        for kernel, index in product(kernels, range(start, min(start + BLOCK, rounds))):
            if key not in kernel.snippets or (key.startswith("tf") and results[kernel.name].get("import") == "fails"):
                continue
            status, took, printed = kernel.execute(kernel.snippets[key](index))
            times[kernel.name].append(took)
            lines = [line.split()[-1] for line in printed.split("\n") if line]
            complete = key != "burst" or lines == [str(line) for line in range(2000)]
            failures[kernel.name] += status != "ok" or not complete
    for name, taken in times.items():
        if not taken:
            continue
        high = sorted(taken)[int(0.9 * (len(taken) - 1))]
        shown = f"{number(statistics.median(taken))} ({number(high)})"
        results[name][key] = f"{shown}, {failures[name]} of {len(taken)} fail" if failures[name] else shown


def number(milliseconds):
    return f"{milliseconds:.1f}" if milliseconds < 100 else f"{milliseconds:.0f}"


if __name__ == "__main__":
    main()
