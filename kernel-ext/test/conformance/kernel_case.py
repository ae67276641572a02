"""What all of our own tests stand on: a kernel, a client to it, and ways to wait for its messages."""

import queue
import time
import unittest

from jupyter_client.manager import KernelManager

SUBSCRIPTION_SECONDS = 0.3


def is_idle(message):
    return message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"


class KernelCase(unittest.TestCase):
    """Every test gets a kernel of its own, so that one that hangs does not fail the rest."""

    kernel = ""
    profile = {}

    def setUp(self):
        self.manager = KernelManager(kernel_name=self.kernel)
        self.manager.start_kernel()
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        try:
            self.client.wait_for_ready(timeout=40)
        except BaseException:
            self.tearDown()
            raise
        # A subscription takes effect some time after it was made.
        time.sleep(SUBSCRIPTION_SECONDS)
        self.drain_iopub(0.2)

    def tearDown(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def code(self, name):
        """The profile's code for something; without it there is nothing to test."""
        if name not in self.profile:
            self.skipTest(f"no code for {name}")
        return self.profile[name]

    def send(self, message_type, content, channel="shell", buffers=None):
        session = self.client.session
        message = session.msg(message_type, content)
        session.send(getattr(self.client, f"{channel}_channel").socket, message, buffers=buffers)
        return message["header"]["msg_id"]

    def reply(self, request, seconds=10, channel="shell"):
        """The reply to a request, whatever else comes before it."""
        receive = getattr(self.client, f"get_{channel}_msg")
        for message in messages_within(receive, seconds):
            if message["parent_header"].get("msg_id") == request:
                return message
        self.fail(f"no reply on {channel} within {seconds} s")

    def publications(self, request=None, seconds=10, until=is_idle):
        """What is published for a request, or for anything, up to the message that `until` accepts."""
        seen = []
        for message in messages_within(self.client.get_iopub_msg, seconds):
            if request and message["parent_header"].get("msg_id") != request:
                continue
            seen.append(message)
            if until(message):
                return seen
        self.fail(f"not published within {seconds} s; there came {summary(seen)}")

    def run_cell(self, code, seconds=15, **options):
        """Runs a cell to its end. Returns the content of its reply, and what it published."""
        request = self.client.execute(code, **options)
        reply = self.reply(request, seconds)
        return reply["content"], self.publications(request, seconds)

    def expect_ok(self, code, seconds=15):
        self.assertEqual(self.run_cell(code, seconds)[0]["status"], "ok")

    def drain_iopub(self, silence_seconds):
        """Takes all that is published until nothing comes for so long."""
        try:
            while True:
                self.client.get_iopub_msg(timeout=silence_seconds)
        except queue.Empty:
            pass


def messages_within(receive, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            yield receive(timeout=max(0.01, end - time.monotonic()))
        except queue.Empty:
            return


def of_type(messages, message_type):
    return [message for message in messages if message["msg_type"] == message_type]


def summary(messages):
    return [(message["msg_type"], str(message["content"])[:80]) for message in messages]
