"""Comms, both ways, with their buffers and while a cell runs."""

import time

from kernel_case import KernelCase, of_type, summary


def create_case(kernel, profile):
    return type("Comms", (CommsCase,), {"kernel": kernel, "profile": profile})


def is_comm_message(message):
    return message["msg_type"] == "comm_msg"


class CommsCase(KernelCase):
    def open_echo(self, comm_id):
        """Registers a target that sends back whatever it gets, and opens a comm to it."""
        self.run_cell(self.code("comm_echo"))
        self.send("comm_open", {"comm_id": comm_id, "target_name": "echo", "data": {}})

    def test_comm_info_reply(self):
        reply = self.reply(self.client.comm_info(), 5)
        self.assertEqual(reply["msg_type"], "comm_info_reply")
        self.assertIn("comms", reply["content"])

    def test_comm_open_unknown_target_closed(self):
        self.send("comm_open", {"comm_id": "u1", "target_name": "nope", "data": {}})
        self.publications(
            None, 4, lambda message: message["msg_type"] == "comm_close" and message["content"]["comm_id"] == "u1"
        )

    def test_comm_open_from_kernel_with_buffers(self):
        _, messages = self.run_cell(self.code("comm_open"))
        opened = of_type(messages, "comm_open")
        self.assertEqual(len(opened), 1, str(summary(messages)))
        self.assertEqual([bytes(buffer) for buffer in opened[0]["buffers"]], [b"\x01\x02\x03"])
        self.assertEqual(opened[0]["metadata"].get("version"), "2.1.0")

    def test_comm_echo_with_buffers(self):
        self.open_echo("e1")
        self.send("comm_msg", {"comm_id": "e1", "data": {"n": 3}}, buffers=[b"\x00\xff\x80\x01"])
        echo = self.publications(None, 5, is_comm_message)[-1]
        self.assertEqual(echo["content"]["data"]["echo"], {"n": 3})
        self.assertEqual([bytes(buffer) for buffer in echo["buffers"]], [b"\x00\xff\x80\x01"])

    def test_comm_live_while_cell_awaits(self):
        ticks = self.code("async_ticks")
        self.open_echo("e2")
        self.client.execute(ticks)
        time.sleep(0.7)
        started = time.monotonic()
        self.send("comm_msg", {"comm_id": "e2", "data": {"n": 4}})
        self.publications(None, 6, is_comm_message)
        waited = time.monotonic() - started
        self.assertLess(waited, 0.8, f"echo after {waited:.2f} s")

    def test_comm_info_lists_open_comm(self):
        self.run_cell(self.code("comm_open"))
        self.assertTrue(self.reply(self.client.comm_info(), 5)["content"]["comms"])
