"""What a kernel answers while a cell runs."""

import time

from kernel_case import KernelCase


def create_case(kernel, profile):
    return type("WhileBusy", (WhileBusyCase,), {"kernel": kernel, "profile": profile})


class WhileBusyCase(KernelCase):
    def start_waiting_cell(self):
        """A cell that awaits for three seconds, when it has surely begun."""
        self.client.execute(self.code("async_wait"))
        time.sleep(0.8)

    def test_kernel_info_while_awaiting(self):
        self.start_waiting_cell()
        started = time.monotonic()
        self.reply(self.send("kernel_info_request", {}, "control"), 2, "control")
        self.assertLess(time.monotonic() - started, 1.5)

    def test_complete_while_awaiting(self):
        self.start_waiting_cell()
        self.reply(self.client.complete("Math.ab"), 1.8)

    def test_second_execute_queued_not_interleaved(self):
        cells = [self.client.execute(self.code("async_wait")), self.client.execute("7*6")]
        ended = []
        while len(ended) < 2:
            # Answers to earlier questions may come first.
            parent = self.client.get_shell_msg(timeout=12)["parent_header"]["msg_id"]
            if parent in cells:
                ended.append(parent)
        self.assertEqual(ended, cells)
