"""A kernel that is measured, and the requests that it gets."""

import queue
import time

import psutil
from jupyter_client.manager import KernelManager

# Seconds without any message, after which what is missing does not come any more.
LOST_AFTER = 5


class Kernel:
    def __init__(self, name):
        self.name = name
        self.manager, self.client = None, None

    def start(self):
        """Seconds until kernel_info is answered."""
        started = time.perf_counter()
        self.manager = KernelManager(kernel_name=self.name)
        self.manager.start_kernel()
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.kernel_info()
        while self.client.get_shell_msg(timeout=120)["header"]["msg_type"] != "kernel_info_reply":
            pass
        return time.perf_counter() - started

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def wait_for_subscription(self):
        while True:
            self.client.kernel_info()
            self.client.get_shell_msg(timeout=120)
            try:
                self.client.get_iopub_msg(timeout=0.3)
                break
            except queue.Empty:
                pass
        self.read_until_silent()

    def read_until_silent(self):
        try:
            while True:
                self.client.get_iopub_msg(timeout=0.1)
        except queue.Empty:
            pass

    def ask(self, identity):
        """The reply to a request."""
        while True:
            reply = self.client.get_shell_msg(timeout=120)
            if reply["parent_header"].get("msg_id") == identity:
                return reply

    def reply_time(self, code):
        """Milliseconds to the reply."""
        started = time.perf_counter()
        self.ask(self.client.execute(code))
        return (time.perf_counter() - started) * 1e3

    def execute(self, code):
        """Status, milliseconds to the reply, and what was printed."""
        started = time.perf_counter()
        identity = self.client.execute(code)
        reply = self.ask(identity)
        took = (time.perf_counter() - started) * 1e3
        printed = []
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=LOST_AFTER)
            except queue.Empty:
                return "idle was lost", took, "".join(printed)
            if message["parent_header"].get("msg_id") != identity:
                continue
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return reply["content"]["status"], took, "".join(printed)

    def complete(self, code):
        """Milliseconds to the reply, and how many completions it has."""
        started = time.perf_counter()
        reply = self.ask(self.client.complete(code, len(code)))
        return (time.perf_counter() - started) * 1e3, len(reply["content"].get("matches", []))

    def inspect(self, code):
        self.ask(self.client.inspect(code, len(code)))

    def memory(self):
        """Bytes of all the kernel's processes."""
        process = psutil.Process(self.manager.provisioner.process.pid)
        return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])
