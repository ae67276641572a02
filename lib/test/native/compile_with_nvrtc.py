"""compile_with_nvrtc.py LIBRARIES SOURCE [-DNAME=VALUE ...]: machine code for compute capability 9.0, on standard output. Needs no GPU."""
import ctypes
import os
import sys

libraries, source, *definitions = sys.argv[1:]
named = {name.split(".so")[0]: name for name in os.listdir(libraries) if name.startswith("libnvrtc") and ".alt." not in name}
ctypes.CDLL(os.path.join(libraries, named["libnvrtc-builtins"]))
nvrtc = ctypes.CDLL(os.path.join(libraries, named["libnvrtc"]))
program, size = ctypes.c_void_p(), ctypes.c_size_t()


def fetch(what):
    getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size))
    data = ctypes.create_string_buffer(size.value)
    getattr(nvrtc, f"nvrtcGet{what}")(program, data)
    return data.raw


with open(source, "rb") as file:
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), file.read(), b"latentlab.cu", 0, None, None)
options = [option.encode() for option in ("--gpu-architecture=sm_90", "--std=c++17", *definitions)]
if nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options)) != 0:
    sys.exit(fetch("ProgramLog").rstrip(b"\0").decode())
sys.stdout.buffer.write(fetch("CUBIN"))
