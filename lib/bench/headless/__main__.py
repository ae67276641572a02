"""latentlab without npm and without the internet: one file that needs Linux, Python 3.9 or newer with torch, and g++.

  python3 latentlab-headless.pyz bench engines --model S,L,D --out engines.json
  python3 latentlab-headless.pyz bench profile --model L --precision bfloat16
  python3 latentlab-headless.pyz run training.mjs [ARGUMENTS]     a script that imports "latentlab"
  python3 latentlab-headless.pyz check                            what is here, and whether the addon compiles

It unpacks itself beside the file (or into LATENTLAB_HEADLESS, where that is set), compiles the torch engine's addon
against the torch that this Python imports, and runs Node, which it brings along. Removing the folder removes everything.
"""
import hashlib
import importlib.util
import json
import lzma
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

archive = Path(sys.path[0]).resolve()


def main():
    arguments = sys.argv[1:]
    if not arguments or arguments[0] not in ("bench", "run", "check"):
        sys.exit(__doc__)
    with zipfile.ZipFile(archive) as pack:
        manifest = json.loads(pack.read("manifest.json"))
        torch_folder = find_torch()
        print_versions(manifest, torch_folder)
        require_platform(manifest)
        folder = unpack(pack, manifest)
    addon = compile_addon(folder, torch_folder, "native/addon.cc", "addon.node")
    if arguments[0] == "check":
        return
    environment = dict(
        os.environ,
        LATENTLAB_ENGINES=str(addon.parent.parent),
        LATENTLAB_PYTHON_TORCH=sys.executable,
        LD_LIBRARY_PATH=os.pathsep.join(library_folders(torch_folder)),
    )
    if arguments[:2] == ["bench", "profile"]:
        profiler = compile_addon(folder, torch_folder, "native/profiler.cc", "profiler.node")
        environment["LATENTLAB_PROFILER"] = str(profiler)
    node = [str(folder / "node"), "--disable-warning=ExperimentalWarning"]
    if arguments[0] == "bench":
        command = [*node, str(folder / "app" / "bench.mjs"), *arguments[1:]]
    else:
        hooks = (folder / "app" / "packages.mjs").as_uri()
        command = [*node, "--import", hooks, *arguments[1:]]
    sys.stdout.flush()
    sys.exit(subprocess.call(command, env=environment))


def library_folders(torch_folder):
    """Where CUDA's libraries of pip are, after whatever the user names; torch's own finds them without, others may not."""
    named = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    return [folder for folder in named if folder] + sorted(map(str, torch_folder.parent.glob("nvidia/*/lib")))


def find_torch():
    specification = importlib.util.find_spec("torch")
    if specification is None or not specification.origin:
        sys.exit(f"This Python ({sys.executable}) has no torch. Fix: run the file with a Python that has it, or pip install torch.")
    return Path(specification.origin).parent


def torch_version(torch_folder):
    text = (torch_folder / "version.py").read_text()
    found = {name: re.search(rf"^{name}[^=]*= *'([^']*)'", text, re.M) for name in ("__version__", "cuda")}
    return {name: match and match.group(1) for name, match in found.items()}


def print_versions(manifest, torch_folder):
    version = torch_version(torch_folder)
    print(f"latentlab headless: {manifest['revision']}, packed {manifest['date']}, Node {manifest['node']}")
    print(f"python {platform.python_version()} ({sys.executable}), {platform.platform()}")
    print(f"torch {version['__version__']} for CUDA {version['cuda']} in {torch_folder}")
    print(f"g++ {first_line(['g++', '--version'])}")
    print(f"gpu {first_line(['nvidia-smi', '--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'])}")


def first_line(command):
    try:
        printed = subprocess.run(command, capture_output=True, text=True, timeout=30)
        return (printed.stdout or printed.stderr or "nothing").strip().splitlines()[0]
    except (OSError, subprocess.SubprocessError, IndexError) as error:
        return f"not here ({error})"


def require_platform(manifest):
    here = f"{platform.system().lower()}-{platform.machine()}"
    if here != manifest["platform"]:
        sys.exit(f"This file was packed for {manifest['platform']}, this machine is {here}. Fix: pack it on such a machine.")
    if not shutil.which("g++"):
        sys.exit("There is no g++. Fix: install it (Debian and Ubuntu: apt install g++).")


def unpack(pack, manifest):
    """Unpacks into a folder named after the contents, so that another version never mixes with it."""
    named = os.environ.get("LATENTLAB_HEADLESS")
    beside = archive.parent if os.access(archive.parent, os.W_OK) else Path(tempfile.gettempdir())
    parent = Path(named) if named else beside / "latentlab-headless"
    folder = parent / manifest["digest"][:12]
    if (folder / "manifest.json").exists():
        return folder
    print(f"unpacking into {folder}")
    partial = parent / f"{folder.name}.partial-{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    names = [name for name in pack.namelist() if name not in ("__main__.py", "manifest.json", "node.xz")]
    pack.extractall(partial, names)
    with pack.open("node.xz") as compressed, lzma.open(compressed) as program, open(partial / "node", "wb") as file:
        shutil.copyfileobj(program, file, 1 << 20)
    (partial / "node").chmod(0o755)
    # Last: a folder with a manifest is complete.
    pack.extract("manifest.json", partial)
    try:
        partial.rename(folder)
    except OSError:  # another process was faster
        shutil.rmtree(partial)
    return folder


def compile_addon(folder, torch_folder, source, name):
    """Compiles one of the two addons unless that has been done for this torch; returns its path."""
    command, note = compiler_command(torch_folder, [folder / "include"])
    identity = hashlib.sha256(repr((command, torch_version(torch_folder))).encode()).hexdigest()[:12]
    addon = folder / "engines" / identity / "torch" / name
    if addon.exists():
        print(f"{name}: compiled earlier, {addon}")
        return addon
    print(note)
    addon.parent.mkdir(parents=True, exist_ok=True)
    partial = addon.with_suffix(f".partial-{os.getpid()}")
    command = [*command[:1], str(folder / source), "-o", str(partial), *command[1:]]
    print("compiling:", " ".join(command), flush=True)
    started = time.monotonic()
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        errors = [line for line in result.stderr.splitlines() if "error" in line] or result.stderr.splitlines()
        sys.exit(f"{source} did not compile:\n" + "\n".join(errors[:40]) + "\n...\n" + result.stderr[-3000:])
    # The engine compares this with what the libtorch that it finds loaded says of itself: "2.11.0", also where Python's
    # half is a "2.11.0+cu130" or, in NVIDIA's containers, a "2.11.0a0+eb65b36".
    version = re.match(r"[0-9.]*[0-9]", torch_version(torch_folder)["__version__"]).group()
    (addon.parent / "stamp.json").write_text(json.dumps({"torch": version}))
    partial.rename(addon)
    print(f"{name}: compiled in {time.monotonic() - started:.0f} s")
    return addon


def compiler_command(torch_folder, includes):
    includes = [*includes, torch_folder / "include", torch_folder / "include" / "torch" / "csrc" / "api" / "include"]
    libraries = ["-ltorch_cpu", "-lc10"]
    definitions = []
    cuda = torch_version(torch_folder)["cuda"]
    if cuda is None or not (torch_folder / "lib" / "libtorch_cuda.so").exists():
        note = "cuda: this torch has none, the addon is for the CPU"
    else:
        headers = cuda_headers(torch_folder, cuda.split(".")[0])
        if not headers:
            note = (
                "cuda: torch has it, but CUDA's headers (cuda_runtime_api.h and crt/host_config.h) were not found, so the addon is "
                "for the CPU only. Fix: pip install nvidia-cuda-crt, or set CUDA_HOME to a CUDA toolkit."
            )
        else:
            note = f"cuda: headers from {', '.join(map(str, headers))}"
            includes += headers
            definitions = ["-DWITH_CUDA"]
            libraries += ["-ltorch_cuda", "-lc10_cuda"]

    flags = ["-shared", "-fPIC", "-O2", "-std=c++17", "-w", "-fvisibility=hidden", *definitions]
    library_folder = torch_folder / "lib"
    # Kept although nothing in some of them is called: libtorch_cuda registers its operators when it is loaded.
    linking = [f"-L{library_folder}", "-Wl,--no-as-needed", *libraries, "-ldl", "-Wl,-z,nodelete", f"-Wl,-rpath,{library_folder}"]
    return ["g++", *flags, *[f"-I{include}" for include in includes], *linking], note


def cuda_headers(torch_folder, major):
    """Folders that together have CUDA's headers, of torch's major version where possible; none where they are missing."""
    packages = torch_folder.parent / "nvidia"
    toolkits = [os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH"), "/usr/local/cuda"]
    toolkits += sorted(map(str, Path("/usr/local").glob("cuda-*")), reverse=True) + ["/opt/cuda"]
    nvcc = shutil.which("nvcc")
    if nvcc:
        toolkits.append(str(Path(nvcc).resolve().parent.parent))
    places = [packages / f"cu{major}" / "include", packages / "cuda_runtime" / "include"]
    for toolkit in filter(None, toolkits):
        places += [Path(toolkit) / "include", Path(toolkit) / "targets" / f"{platform.machine()}-linux" / "include"]
    places = [place for place in dict.fromkeys(places) if (place / "cuda_runtime_api.h").exists()]
    has_crt = [place for place in places if (place / "crt" / "host_config.h").exists()]
    same = [place for place in places if header_version(place) == major]
    for place in same:
        if place in has_crt:
            return [place]
    # pip's wheels may lack crt/: another folder's completes them.
    if same and has_crt:
        return [same[0], has_crt[0]]
    return has_crt[:1]


def header_version(place):
    found = re.search(r"#define\s+CUDART_VERSION\s+(\d+)", (place / "cuda_runtime_api.h").read_text(errors="replace"))
    return str(int(found.group(1)) // 1000) if found else None


if __name__ == "__main__":
    main()
