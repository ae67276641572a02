"""The kernel of Deno, which opens comms but does not hear them."""

from . import typescript

PROFILE = {
    **typescript.PROFILE,
    # Its completions bring more than the one that fits.
    "completion_samples": [{"text": "Math.ab"}],
    "code_display_data": [
        {"code": "await Deno.jupyter.display({'text/html':'<b>x</b>'}, {raw:true})", "mime": "text/html"}
    ],
    "code_clear_output": "await Deno.jupyter.broadcast('clear_output',{wait:false})",
    "update_display": "await Deno.jupyter.broadcast('display_data',"
    "{data:{'text/plain':'a'},metadata:{},transient:{display_id:'z'}});"
    " await Deno.jupyter.broadcast('update_display_data',"
    "{data:{'text/plain':'b'},metadata:{},transient:{display_id:'z'}})",
    "input": "prompt('name?')",
    "comm_open": "await Deno.jupyter.broadcast('comm_open',"
    "{comm_id:'c1',target_name:'jupyter.widget',data:{a:1}},"
    "{buffers:[new Uint8Array([1,2,3])],metadata:{version:'2.1.0'}})",
}
