"""This project's kernel."""

from . import typescript

PROFILE = {
    **typescript.PROFILE,
    "supported_history_operations": ("tail", "range", "search"),
    "support_iopub_welcome": True,
    "code_page_something": "Math.abs?",
    "code_display_data": [
        {"code": "import { display, html } from '@latentlab/kernel'; display(html('<b>x</b>'))", "mime": "text/html"},
        {"code": "import * as tslab from 'tslab'; tslab.display.html('<b>x</b>')", "mime": "text/html"},
    ],
    "code_clear_output": "import { clearOutput } from '@latentlab/kernel'; clearOutput()",
    "update_display": "import { display } from '@latentlab/kernel'; const shown = display('a'); shown.update('b')",
    "input": "import { input } from '@latentlab/kernel'; await input('name?')",
    "comm_open": "import { Comm } from '@latentlab/kernel'; const comm = new Comm('jupyter.widget',"
    " { data: { a: 1 }, metadata: { version: '2.1.0' }, buffers: [new Uint8Array([1, 2, 3])] })",
    "comm_echo": "import { comms } from '@latentlab/kernel'; comms.registerTarget('echo', (comm) => {"
    " comm.onMsg(({ content, buffers }) => comm.send({ echo: content.data }, { buffers })); })",
}
