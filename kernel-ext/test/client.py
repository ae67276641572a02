"""Starts a kernel through jupyter_client and lets another program talk to it.

client.py KERNEL_NAME CWD reads one JSON command a line from stdin and writes one JSON event a line to stdout.
Commands: {"op": "send", "channel", "msg_id", "type", "content", "metadata", "buffers", "key"?, "header"?, "parent"?}, "interrupt",
"signal", "heartbeat", "is_alive", "restart", "shutdown". Events: "started" with the kernel's pid and connection,
"message", and the answers to commands. Buffers are base64.
"""

import base64
import json
import os
import signal
import subprocess
import sys

import zmq
from jupyter_client.manager import KernelManager
from jupyter_client.session import Session

CHANNELS = ("shell", "iopub", "control", "stdin")


def emit(event, **fields):
    print(json.dumps({"event": event, **fields}, default=str), flush=True)


class Bridge:
    def __init__(self, kernel_name, cwd):
        self.manager = KernelManager(kernel_name=kernel_name)
        # A pipe, as under a Jupyter server: what a test gives this program is a socket, which no kernel can open again.
        self.terminal = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=sys.stderr)
        self.manager.start_kernel(cwd=cwd, stdout=self.terminal.stdin, stderr=self.terminal.stdin)
        self.client = self.manager.client()
        self.client.start_channels(hb=False)
        self.sockets = {name: getattr(self.client, f"{name}_channel").socket for name in CHANNELS}
        self.poller = zmq.Poller()
        for socket in self.sockets.values():
            self.poller.register(socket, zmq.POLLIN)
        self.poller.register(sys.stdin.fileno(), zmq.POLLIN)
        self.unread = b""
        self.emit_started("started")

    def emit_started(self, event):
        connection = self.manager.get_connection_info()
        connection["key"] = connection["key"].decode()
        emit(event, pid=self.manager.provisioner.pid, connection=connection)

    def run(self):
        while True:
            ready = dict(self.poller.poll())
            for name, socket in self.sockets.items():
                if socket in ready:
                    self.receive(name, socket)
            if sys.stdin.fileno() in ready and not self.read_commands():
                return

    def receive(self, channel, socket):
        message = self.client.session.recv(socket, mode=zmq.NOBLOCK)[1]
        if message is None:
            return
        buffers = [base64.b64encode(bytes(buffer)).decode() for buffer in message["buffers"]]
        fields = {key: message[key] for key in ("header", "parent_header", "metadata", "content")}
        emit("message", channel=channel, buffers=buffers, **fields)

    def read_commands(self):
        chunk = os.read(sys.stdin.fileno(), 1 << 20)
        *lines, self.unread = (self.unread + chunk).split(b"\n")
        for line in lines:
            command = json.loads(line)
            getattr(self, command.pop("op"))(**command)
        return bool(chunk)

    def send(self, channel, msg_id, type, content, metadata, buffers, key=None, header=None, parent=None):
        session = self.client.session
        header = {**session.msg_header(type), **(header or {}), "msg_id": msg_id}
        if key is not None:
            session = Session(key=key.encode(), session=session.session)
        message = session.msg(type, content, parent={"header": parent} if parent else None, header=header, metadata=metadata)
        session.send(self.sockets[channel], message, buffers=[base64.b64decode(data) for data in buffers])

    def interrupt(self):
        self.manager.interrupt_kernel()

    def signal(self, name):
        self.manager.signal_kernel(getattr(signal, name))

    def heartbeat(self, timeout_ms):
        socket = self.manager.context.socket(zmq.REQ)
        socket.linger = 0
        socket.connect(f"tcp://{self.manager.ip}:{self.manager.hb_port}")
        socket.send(b"ping")
        answered = bool(socket.poll(timeout_ms))
        emit("heartbeat", answered=answered and socket.recv() == b"ping")
        socket.close()

    def is_alive(self):
        emit("is_alive", alive=self.manager.is_alive())

    def restart(self):
        self.manager.restart_kernel()
        self.emit_started("restarted")

    def shutdown(self, now):
        self.manager.shutdown_kernel(now=now)
        emit("shut_down", alive=self.manager.is_alive())


if __name__ == "__main__":
    bridge = Bridge(*sys.argv[1:3])
    try:
        bridge.run()
    finally:
        bridge.client.stop_channels()
        if bridge.manager.is_alive():
            bridge.manager.shutdown_kernel(now=True)
