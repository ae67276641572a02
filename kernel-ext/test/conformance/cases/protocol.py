"""The protocol's messages, while nothing else is going on."""

import time

import zmq
from kernel_case import KernelCase, of_type


def create_case(kernel, profile):
    return type("Protocol", (ProtocolCase,), {"kernel": kernel, "profile": profile})


class ProtocolCase(KernelCase):
    def test_execute_input_published(self):
        _, messages = self.run_cell("1")
        self.assertIn("execute_input", [message["msg_type"] for message in messages])

    def test_error_reply_has_traceback(self):
        reply, _ = self.run_cell(self.code("code_generate_error"))
        self.assertEqual(reply["status"], "error")
        self.assertTrue(reply.get("ename"))
        self.assertTrue(reply.get("traceback"))

    def test_type_error_reported(self):
        reply, _ = self.run_cell(self.code("type_error"))
        self.assertEqual(reply["status"], "error")

    def test_silent_no_output(self):
        _, messages = self.run_cell("1", silent=True)
        self.assertEqual(of_type(messages, "execute_result"), [])
        self.assertEqual(of_type(messages, "stream"), [])

    def test_user_expressions(self):
        reply, _ = self.run_cell("1", user_expressions={"x": "1+1"})
        self.assertEqual(reply["user_expressions"]["x"]["status"], "ok")

    def test_stop_on_error_aborts_queue(self):
        failing = self.client.execute(self.code("code_generate_error"))
        waiting = self.client.execute("1+1")
        self.assertEqual(self.reply(failing)["content"]["status"], "error")
        self.assertEqual(self.reply(waiting)["content"]["status"], "aborted")

    def test_execution_count_increments(self):
        first, second = (self.run_cell("1")[0]["execution_count"] for _ in range(2))
        self.assertEqual(second, first + 1)

    def test_redeclare_across_cells(self):
        for code in self.code("redeclare"):
            self.expect_ok(code)

    def test_stdout_burst_complete_and_ordered(self):
        _, messages = self.run_cell(self.code("stdout_burst"), 30)
        text = "".join(message["content"]["text"] for message in of_type(messages, "stream"))
        numbers = [line.split()[-1] for line in text.split("\n") if line]
        self.assertEqual(numbers, [str(number) for number in range(2000)])

    def test_background_output_after_cell(self):
        request = self.client.execute(self.code("background"))
        self.reply(request)
        self.publications(
            request, 5, lambda message: message["msg_type"] == "stream" and "late" in message["content"]["text"]
        )

    def test_survives_uncaught_later(self):
        self.run_cell(self.code("uncaught_later"))
        time.sleep(0.6)
        self.expect_ok("1+1")

    def test_survives_unhandled_rejection(self):
        self.run_cell(self.code("unhandled"))
        time.sleep(0.6)
        self.expect_ok("1+1")

    def test_update_display_data(self):
        reply, messages = self.run_cell(self.code("update_display"))
        self.assertEqual(reply["status"], "ok", str([message["content"] for message in messages])[:300])
        shown, updates = (of_type(messages, name) for name in ("display_data", "update_display_data"))
        self.assertTrue(shown)
        self.assertTrue(updates)
        ids = {message["content"]["transient"]["display_id"] for message in [*shown, *updates]}
        self.assertEqual(len(ids), 1)

    def test_input_request(self):
        request = self.client.execute(self.code("input"), allow_stdin=True)
        self.assertEqual(self.client.get_stdin_msg(timeout=8)["msg_type"], "input_request")
        self.client.input("bob")
        self.assertEqual(self.reply(request)["content"]["status"], "ok")

    def test_history_tail(self):
        self.run_cell("6*7")
        request = self.client.history(hist_access_type="tail", n=1, raw=True, output=False)
        reply = self.reply(request, 4)
        self.assertEqual(reply["msg_type"], "history_reply")
        self.assertTrue(reply["content"]["history"])

    def test_kernel_info_protocol_53_plus(self):
        content = self.reply(self.client.kernel_info())["content"]
        version = tuple(map(int, content["protocol_version"].split(".")))
        self.assertGreaterEqual(version, (5, 3))
        self.assertEqual(content.get("status"), "ok")

    def test_control_kernel_info(self):
        request = self.send("kernel_info_request", {}, "control")
        self.assertEqual(self.reply(request, 5, "control")["msg_type"], "kernel_info_reply")

    def test_debug_request_answered(self):
        request = self.send("debug_request", {"type": "request", "seq": 1, "command": "debugInfo"}, "control")
        self.assertEqual(self.reply(request, 4, "control")["msg_type"], "debug_reply")

    def test_unknown_msg_does_not_kill(self):
        self.send("frobnicate_request", {})
        self.expect_ok("1+1")

    def test_shutdown_reply_and_exit(self):
        request = self.send("shutdown_request", {"restart": False}, "control")
        self.assertEqual(self.reply(request, 5, "control")["msg_type"], "shutdown_reply")
        end = time.monotonic() + 6
        while time.monotonic() < end and self.manager.is_alive():
            time.sleep(0.1)
        self.assertFalse(self.manager.is_alive())

    def test_heartbeat_during_sync_loop(self):
        code = self.code("sync_loop")
        socket = zmq.Context.instance().socket(zmq.REQ)
        socket.linger = 0
        socket.connect(f"tcp://{self.manager.ip}:{self.manager.hb_port}")
        self.client.execute(code)
        time.sleep(1.0)
        socket.send(b"ping")
        answered = socket.poll(2000)
        socket.close()
        self.assertTrue(answered)
