"""Whether an interrupt stops a cell, and leaves a kernel that works."""

import queue
import time

from kernel_case import KernelCase


def create_case(kernel, profile):
    return type("Interrupts", (InterruptsCase,), {"kernel": kernel, "profile": profile})


class InterruptsCase(KernelCase):
    def expect_interruptible(self, code, delay_seconds=1.0, seconds=5):
        request = self.client.execute(code)
        time.sleep(delay_seconds)
        self.manager.interrupt_kernel()
        self.assertEqual(self.reply(request, seconds)["content"]["status"], "error")
        self.assertTrue(self.manager.is_alive())
        time.sleep(0.5)
        self.expect_ok("1+1", 8)

    def test_interrupt_sync_loop(self):
        self.expect_interruptible(self.code("sync_loop"))

    def test_interrupt_async_forever(self):
        self.expect_interruptible(self.code("async_forever"))

    def test_interrupt_await_sync_mix(self):
        self.expect_interruptible(self.code("await_sync_mix"), 1.5)

    def test_interrupt_really_stops_async_work(self):
        request = self.client.execute(self.code("endless_ticks"))
        time.sleep(1)
        self.manager.interrupt_kernel()
        self.reply(request, 4)
        time.sleep(0.4)
        self.drain_iopub(0.15)
        self.assertEqual(self.count_streams(0.8), 0, "still ticking after the interrupt")

    def count_streams(self, seconds):
        count, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                count += self.client.get_iopub_msg(timeout=0.2)["msg_type"] == "stream"
            except queue.Empty:
                pass
        return count

    def test_interrupt_idle_survives(self):
        self.manager.interrupt_kernel()
        time.sleep(0.7)
        self.assertTrue(self.manager.is_alive())
        self.expect_ok("1+1")
