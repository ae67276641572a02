"""ask-kernel.py KERNEL CODE: start the kernel, run CODE, print its result; ends with 1 when no result came."""
import sys

from jupyter_client.manager import start_new_kernel

kernel, code = sys.argv[1:3]
manager, client = start_new_kernel(kernel_name=kernel, startup_timeout=60)
results = []
try:
    reply = client.execute_interactive(
        code,
        timeout=60,
        output_hook=lambda message: results.append(message["content"]["data"]["text/plain"])
        if message["msg_type"] == "execute_result"
        else None,
    )
    if reply["content"]["status"] != "ok":
        sys.exit("\n".join(reply["content"]["traceback"]))
finally:
    client.stop_channels()
    manager.shutdown_kernel()
print("\n".join(results))
sys.exit(0 if results else 1)
