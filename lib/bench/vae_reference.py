"""vae_reference.py: encodes and decodes with diffusers' AutoencoderKL, on demand.

Reads one JSON object a line from standard input and answers each with one line on standard output:

  {"command": "describe"}                                          -> versions and device
  {"command": "prepare", "folder", "outputs", "device", "precision", "threads"} -> the faster memory format of each
  {"command": "run", "what": "encode" | "decode", "count"}         -> {"ms": one call's}

`folder` holds a model as diffusers saves it and `inputs.safetensors` (`pictures` and `latents`, NHWC); `outputs` is the
file for the results (`latents`, `pictures`, NHWC). A failure is answered with {"error"}.
"""
import json
import os
import sys
import time

import diffusers
import torch
from safetensors.torch import load_file, save_file

formats = {"NCHW": torch.contiguous_format, "channels-last": torch.channels_last}
models, inputs, chosen = {}, {}, {}


def describe(request):
    answer = {"torch": torch.__version__, "diffusers": diffusers.__version__}
    if torch.cuda.is_available():
        answer["gpu"] = torch.cuda.get_device_name()
    return answer


def prepare(request):
    device, tf32 = request["device"], request["precision"] == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True
    torch.set_num_threads(request["threads"])
    given = load_file(os.path.join(request["folder"], "inputs.safetensors"))
    results = {}
    for name, memory_format in formats.items():
        model = diffusers.AutoencoderKL.from_pretrained(request["folder"], torch_dtype=torch.float32)
        models[name] = model.to(device, memory_format=memory_format).eval()
        inputs[name] = {
            key: x.permute(0, 3, 1, 2).contiguous(memory_format=memory_format).to(device) for key, x in given.items()
        }
        results = {"latents": call("encode", name), "pictures": call("decode", name)}
    save_file({key: x.permute(0, 2, 3, 1).contiguous().cpu() for key, x in results.items()}, request["outputs"])
    for what in ("encode", "decode"):
        chosen[what] = min(formats, key=lambda name: timed(what, name, 1))
    return {"formats": chosen}


@torch.inference_mode()
def call(what, name):
    if what == "encode":
        return models[name].encode(inputs[name]["pictures"]).latent_dist.mean
    return models[name].decode(inputs[name]["latents"]).sample


def timed(what, name, count):
    started = time.perf_counter()
    for _ in range(count):
        result = call(what, name)
    result.cpu()  # waits for the device
    return (time.perf_counter() - started) * 1e3 / count


def run(request):
    return {"ms": timed(request["what"], chosen[request["what"]], request["count"])}


def main():
    # Libraries and warnings may print: only answers go to the real standard output.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    commands = {function.__name__: function for function in (describe, prepare, run)}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = commands[request["command"]](request)
        except Exception as error:  # whatever it is, the other side has to hear of it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main()
