"""tslab 1.0: no comms, no input, and nothing that a page could clear."""

from . import typescript

PROFILE = {
    **typescript.PROFILE,
    "code_display_data": [
        {"code": "import * as tslab from 'tslab'; tslab.display.html('<b>x</b>')", "mime": "text/html"}
    ],
    "update_display": "import {newDisplay} from 'tslab'; const d = newDisplay(); d.text('a'); d.text('b')",
}
