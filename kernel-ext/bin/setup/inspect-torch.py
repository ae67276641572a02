"""Prints, as JSON, what of PyTorch this Python environment has: inspect-torch.py [import]

A version alone says little: an installation that was interrupted leaves files missing, or cut short. With "import",
PyTorch is imported, too, as PyTorch's own programs need it.
"""
import importlib.metadata as metadata
import json
import os
import subprocess
import sys
import sysconfig


def damage(name):
    """What is wrong with an installed package's files, or None."""
    try:
        files = metadata.distribution(name).files
    except metadata.PackageNotFoundError:
        return f"{name} is missing"
    if not files:
        return f"{name} was installed only in part"
    for file in files:
        path = str(file.locate())
        if file.size is not None and (not os.path.exists(path) or os.path.getsize(path) != file.size):
            return f"{name} lacks {file}"
    return None


def imports():
    program = [sys.executable, "-c", "import numpy, torch"]
    return subprocess.run(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


try:
    version = metadata.version("torch")
except metadata.PackageNotFoundError:
    version = None
names = ["torch"] + ([] if version and "+" in version else ["nvidia-cuda-runtime", "nvidia-cuda-cupti"])
print(json.dumps({
    "python": "%d.%d" % sys.version_info[:2],
    "sitePackages": sysconfig.get_path("purelib"),
    "version": version,
    "damage": next(filter(None, map(damage, names)), None) if version else None,
    "imports": imports() if "import" in sys.argv and version else False,
}))
