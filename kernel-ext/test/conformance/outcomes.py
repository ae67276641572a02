"""What became of each test, under its name."""

import signal
import unittest

MAX_REASON_LENGTH = 300
# Some of upstream's waits have no end.
MAX_TEST_SECONDS = 90


class Outcomes(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.by_test = {}
        signal.signal(signal.SIGALRM, give_up)

    def startTest(self, test):
        super().startTest(test)
        signal.alarm(MAX_TEST_SECONDS)

    def stopTest(self, test):
        signal.alarm(0)
        super().stopTest(test)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.record(test, "PASS")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.record(test, "FAIL", err)

    def addError(self, test, err):
        super().addError(test, err)
        self.record(test, "ERROR", err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.record(test, "SKIP", reason)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.record(subtest, "FAIL" if issubclass(err[0], test.failureException) else "ERROR", err)

    def record(self, test, verdict, reason=""):
        """A test may be told of several times, by its subtests: the worst stays, and a skip is not a pass."""
        name = name_of(test)
        known, _ = self.by_test.get(name, ("PASS", ""))
        if known in ("PASS", "SKIP") and not (known == "SKIP" and verdict == "PASS"):
            self.by_test[name] = (verdict, describe(reason))


def give_up(*_):
    raise TimeoutError(f"the test has not ended within {MAX_TEST_SECONDS} s")


def name_of(test):
    """Of a subtest, the test that it is part of; of what failed for a whole class, the class."""
    test = getattr(test, "test_case", test)
    method = getattr(test, "_testMethodName", None)
    return f"{type(test).__name__}.{method}" if method else str(test)


def describe(reason):
    if isinstance(reason, str):
        return reason
    kind, error, _ = reason
    return " ".join(f"{kind.__name__}: {error}".split())[:MAX_REASON_LENGTH]
