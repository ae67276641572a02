// Whether a machine has NVIDIA's driver, seen from its files: asking the driver itself needs CUDA's libraries.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const libraryFolders = [
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/usr/lib64",
  "/usr/lib",
  "/usr/lib/wsl/lib",
  "/usr/local/nvidia/lib64",
  "/usr/local/cuda/compat",
  ...(process.env.LD_LIBRARY_PATH ?? "").split(delimiter).filter(Boolean),
];

export const hasNvidiaDriver = () =>
  existsSync("/proc/driver/nvidia/version") ||
  libraryFolders.some((folder) => existsSync(join(folder, "libcuda.so.1"))) ||
  (process.env.PATH ?? "")
    .split(delimiter)
    .some((folder) => folder && existsSync(join(folder, "nvidia-smi")));
