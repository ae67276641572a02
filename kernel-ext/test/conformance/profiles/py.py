"""ipykernel, for comparison."""

COMM_ECHO = """
from comm import get_comm_manager
def open_echo(comm, message):
  @comm.on_msg
  def echo(message): comm.send({"echo": message["content"]["data"]}, buffers=message.get("buffers") or [])
get_comm_manager().register_target("echo", open_echo)
"""

PROFILE = {
    "language_name": "python",
    "file_extension": ".py",
    "code_hello_world": "print('hello, world')",
    "code_stderr": "import sys; print('x', file=sys.stderr)",
    "completion_samples": [{"text": "zi", "matches": ["zip"]}],
    "complete_code_samples": ["1"],
    "incomplete_code_samples": ["def f(x):", "'''a"],
    "invalid_code_samples": ["import = 7q"],
    "support_iopub_welcome": True,
    "code_page_something": "zip?",
    "code_generate_error": "raise ValueError(1)",
    "code_execute_result": [{"code": "6*7", "result": "42"}, {"code": "len([1,2])", "result": "2"}],
    "code_display_data": [
        {"code": "from IPython.display import HTML, display; display(HTML('<b>x</b>'))", "mime": "text/html"}
    ],
    "code_history_pattern": "6?7*",
    "supported_history_operations": ("tail", "search"),
    "code_inspect_sample": "zip",
    "code_clear_output": "from IPython.display import clear_output; clear_output()",
    "update_display": "from IPython.display import display\nh = display('a', display_id=True); h.update('b')",
    "input": "input('name?')",
    "sync_loop": "while True: pass",
    "async_wait": "import asyncio; await asyncio.sleep(3); 5",
    "async_forever": "import asyncio; await asyncio.sleep(1e6)",
    "async_ticks": 'import asyncio\nfor i in range(40): await asyncio.sleep(.05)\n"done"',
    "endless_ticks": 'import asyncio\nwhile True:\n  await asyncio.sleep(.05)\n  print("tick")',
    "await_sync_mix": "while True: pass",
    "background": 'import asyncio; asyncio.get_event_loop().call_later(.4, lambda: print("late")); 1',
    "uncaught_later": "1",
    "unhandled": "1",
    "stdout_burst": 'for i in range(2000): print("line", i)',
    "redeclare": ["q=1", 'q="two"', "q.upper()"],
    "comm_open": "from comm import create_comm; c = create_comm(target_name='jupyter.widget', data={'a':1},"
    " metadata={'version':'2.1.0'}, buffers=[b'\\x01\\x02\\x03'])",
    "comm_echo": COMM_ECHO,
}
