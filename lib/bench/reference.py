"""reference.py: trains the benchmarks' models in PyTorch, on demand.

Reads one JSON object a line from standard input and answers each with one line on standard output:

  {"command": "describe"}                                     -> versions and device
  {"command": "prepare", "id", "model", "data", "variant", "precision", "device", ...} -> first losses, memory, seconds
  {"command": "run", "id", "steps"}                           -> {"ms": a step's, "loss": the last}
  {"command": "profile", "id", "steps"}                       -> {"kernels": [{name, count, ms}]}, sums a step
  {"command": "gradients", "model", "data", "out", "device"}  -> the loss; gradients into the file `out`
  {"command": "drop", "id"}

`data` names a JSON file that lists parameters and inputs; their float32 values lie beside it (see exchange.ts).
Variants: eager; graph (the whole step as one CUDA graph); compile (torch.compile, and that as one CUDA graph where there is a
GPU); max-autotune (the same with inductor's search for the fastest kernels). A failure is answered with {"error"}.
"""
import gc
import json
import math
import os
import sys
import time

import torch

sys.dont_write_bytecode = True  # no __pycache__ among the sources
from reference_models import architectures


class Training:
    """A model with its inputs and one way to take a step."""

    def __init__(self, request):
        self.device = request["device"]
        self.variant = request["variant"]
        self.bfloat16 = request["precision"] == "bfloat16"
        memory_format = torch.channels_last if request.get("channelsLast") else torch.contiguous_format
        use_precision(request["precision"], request.get("threads"))
        self.model, self.inputs, self.rate = load(request["model"], request["data"], self.device, memory_format)
        self.graph = None
        self.loss_function = self.forward
        if self.variant in ("compile", "max-autotune"):
            mode = "max-autotune-no-cudagraphs" if self.variant == "max-autotune" else "default"
            self.loss_function = torch.compile(self.forward, mode=mode)
        self.captures = self.device == "cuda" and self.variant != "eager"
        parameters = list(self.model.parameters())
        self.optimizer = torch.optim.Adam(parameters, lr=self.rate, fused=True, capturable=self.captures)

    def forward(self):
        with torch.autocast(self.device, torch.bfloat16, enabled=self.bfloat16):
            return self.model(**self.inputs)

    def plain_step(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss_function()
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def warm_up(self, count):
        """The losses of the first `count` steps; captures the step on the way where the variant says so."""
        if not self.captures:
            return [self.plain_step().item() for _ in range(count)]
        losses = []
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(min(3, count)):
                losses.append(self.plain_step().item())
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad(set_to_none=True)
        # The step's own peak, which a captured one has while it is captured: cudnn.benchmark's trials are over.
        torch.cuda.reset_peak_memory_stats()
        with torch.cuda.graph(self.graph):
            self.captured_loss = self.plain_step()
        while len(losses) < count:
            losses.append(self.step().item())
        return losses

    def step(self):
        if self.graph is None:
            return self.plain_step()
        self.graph.replay()
        return self.captured_loss


def use_precision(precision, threads):
    tf32 = precision != "float32"
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True
    if threads:
        torch.set_num_threads(threads)


def load(description, data, device, memory_format):
    """The model and its inputs; filters arrive as [height, width, in, out], matrices as [in, out], pictures as NHWC."""
    with open(data) as file:
        manifest = json.load(file)
    file = os.path.join(os.path.dirname(data), manifest["values"])
    values = torch.from_file(file, shared=False, size=manifest["count"], dtype=torch.float32)

    def take(entry):
        return values[entry["offset"] :][: math.prod(entry["shape"])].reshape(entry["shape"])

    model = architectures[description["architecture"]](**description["options"])
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for entry in manifest["parameters"]:
            parameter = parameters.pop(entry["name"])
            parameter.copy_(to_torch(take(entry)))
    if parameters:
        raise ValueError(f"The file has no values for {', '.join(parameters)}.")
    inputs = {}
    for entry in manifest["inputs"]:
        x = take(entry)
        if x.dim() == 4:
            x = x.permute(0, 3, 1, 2).contiguous(memory_format=memory_format)
        inputs[entry["name"]] = x.to(device)
    return model.to(device, memory_format=memory_format), inputs, manifest["learningRate"]


def to_torch(x):
    return x.permute(3, 2, 0, 1) if x.dim() == 4 else x.t() if x.dim() == 2 else x


def from_torch(x):
    return x.permute(2, 3, 1, 0) if x.dim() == 4 else x.t() if x.dim() == 2 else x


trainings = {}


def describe(request):
    cuda = torch.cuda.is_available()
    answer = {"torch": torch.__version__, "python": sys.version.split()[0], "threads": torch.get_num_threads()}
    if cuda:
        answer["gpu"] = torch.cuda.get_device_name()
        answer["gpuBytes"] = torch.cuda.get_device_properties(0).total_memory
        answer["cudnn"] = torch.backends.cudnn.version()
    return answer


def prepare(request):
    cuda = request["device"] == "cuda"
    before = torch.cuda.memory_allocated() if cuda else 0
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    started = time.perf_counter()
    training = Training(request)
    losses = training.warm_up(request.get("losses", 5))
    if cuda and not training.captures:
        # A step that is not captured has its peak whenever it is made.
        torch.cuda.reset_peak_memory_stats()
        training.step().item()
    trainings[request["id"]] = training
    answer = {"losses": losses, "seconds": time.perf_counter() - started}
    answer["parameters"] = sum(parameter.numel() for parameter in training.model.parameters())
    if cuda:
        answer["peakBytes"] = torch.cuda.max_memory_allocated() - before
        torch.cuda.empty_cache()  # others use the same GPU
    return answer


def run(request):
    training = trainings[request["id"]]
    started = time.perf_counter()
    for _ in range(request["steps"]):
        loss = training.step()
    value = loss.item()  # waits for the device
    return {"ms": (time.perf_counter() - started) * 1e3 / request["steps"], "loss": value}


def profile(request):
    from torch.profiler import ProfilerActivity

    training, steps = trainings[request["id"]], request["steps"]
    cuda = training.device == "cuda"
    activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if cuda else [])
    with torch.profiler.profile(activities=activities) as recorded:
        for _ in range(steps):
            loss = training.step()
        loss.item()
    sums = {}
    for event in recorded.events():
        if (event.device_type == torch.autograd.DeviceType.CUDA) == cuda:
            count, microseconds = sums.get(event.name, (0, 0))
            sums[event.name] = (count + 1, microseconds + event.time_range.elapsed_us())
    return {"kernels": [{"name": n, "count": c / steps, "ms": us / 1e3 / steps} for n, (c, us) in sums.items()]}


def gradients(request):
    use_precision("float32", request.get("threads"))
    model, inputs, _ = load(request["model"], request["data"], request["device"], torch.contiguous_format)
    loss = model(**inputs)
    loss.backward()
    by_name = dict(model.named_parameters())
    with open(request["data"]) as file:
        names = [entry["name"] for entry in json.load(file)["parameters"]]
    flat = torch.cat([from_torch(by_name[name].grad).reshape(-1) for name in names]).cpu()
    # A shared mapping of the file: writing to it needs no NumPy.
    torch.from_file(request["out"], shared=True, size=flat.numel(), dtype=torch.float32).copy_(flat)
    return {"loss": loss.item()}


def drop(request):
    trainings.pop(request["id"], None)
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return {}


def main():
    # Compilers and warnings may print: only answers go to the real standard output.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    functions = (describe, prepare, run, profile, gradients, drop)
    commands = {function.__name__: function for function in functions}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = commands[request["command"]](request)
        except Exception as error:  # whatever it is, the other side has to hear of it
            answer = {"error": f"{type(error).__name__}: {error}"}
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main()
