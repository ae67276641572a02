"""The code by which the tests make each kernel do something.

Names of upstream's tests: language_name, file_extension, completion_samples, code_..., and so on. Names of ours:
sync_loop, async_wait (three seconds), async_forever, async_ticks (two seconds of short awaits), endless_ticks,
await_sync_mix, background (prints "late"), uncaught_later, unhandled, stdout_burst (2,000 numbered lines), redeclare (cells),
type_error, update_display, input, comm_open, comm_echo (a target "echo").
"""

from . import deno, latentlab, py, tslab

PROFILES = {
    "latentlab": latentlab.PROFILE,
    "tslab": tslab.PROFILE,
    "deno": deno.PROFILE,
    "py": py.PROFILE,
}
