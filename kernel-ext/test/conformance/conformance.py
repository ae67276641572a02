"""Tests any Jupyter kernel: upstream's jupyter_kernel_test, and what that leaves out.

conformance.py KERNEL_NAME [--profile NAME] [--cwd FOLDER] [--only TEXT] [--share K/N] [--list] [--out FILE]

A profile holds the code by which the tests make a kernel print, hang, or open a comm in its language (see profiles/). A
test for which a profile has no code is skipped, and says so. Ends with 1 when a test has failed.
"""

import argparse
import json
import os
import sys
import time
import unittest
from collections import Counter

from cases import comms, interrupts, protocol, upstream, while_busy
from outcomes import Outcomes, name_of
from profiles import PROFILES


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kernel", help="name of an installed kernelspec")
    parser.add_argument("--profile", choices=PROFILES, help="the kernel's name where it is left out")
    parser.add_argument("--cwd", default=".", help="the folder in which the kernel starts")
    parser.add_argument("--only", default="", help="run the tests whose name contains this")
    parser.add_argument("--share", default="1/1", help="run every Nth test from the Kth on, beside other shares")
    parser.add_argument("--list", action="store_true", help="print the tests' names and run none")
    parser.add_argument("--out", help="write the outcomes to this JSON file")
    return parser.parse_args()


def find_tests(kernel, profile):
    cases = [*upstream.create_cases(kernel, profile)]
    for module in (protocol, while_busy, interrupts, comms):
        cases.append(module.create_case(kernel, profile))
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    return [test for case in cases for test in load(case)]


def take_share(tests, share):
    number, count = map(int, share.split("/"))
    return tests[number - 1 :: count]


def main():
    arguments = read_arguments()
    profile = PROFILES[arguments.profile or arguments.kernel]
    json_file = arguments.out and os.path.abspath(arguments.out)
    os.chdir(arguments.cwd)
    tests = [test for test in find_tests(arguments.kernel, profile) if arguments.only in name_of(test)]
    if arguments.list:
        print(*map(name_of, tests), sep="\n")
        return 0
    outcomes = Outcomes()
    started = time.monotonic()
    unittest.TestSuite(take_share(tests, arguments.share)).run(outcomes)
    for name, (verdict, reason) in outcomes.by_test.items():
        print(f"{verdict:5} {name:60} {reason}".rstrip())
    counts = Counter(verdict for verdict, _ in outcomes.by_test.values())
    print(f"{arguments.kernel}: {dict(counts)}, {time.monotonic() - started:.0f} s")
    if json_file:
        with open(json_file, "w", encoding="utf8") as file:
            json.dump(outcomes.by_test, file, indent=1)
    return 1 if counts["FAIL"] or counts["ERROR"] else 0


if __name__ == "__main__":
    sys.exit(main())
