import { mkdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { readGradients, temporaryFolder, writeModelData } from "../../bench/exchange.js";
import type { BenchmarkModel } from "../../bench/models/model.js";
import { Peer } from "../../bench/peer.js";
import { type Case, steps } from "./cases.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const script = path.join(root, "lib", "bench", "reference.py");
const limitMs = 120_000;

/** PyTorch itself, in the Python that `LATENTLAB_PYTHON_TORCH` names, else in the virtual environment of the set-up. */
export class PyTorch {
  private readonly peer = new Peer(
    process.env.LATENTLAB_PYTHON_TORCH ?? path.join(root, ".venv", "bin", "python"),
    [script],
  );
  private readonly files = temporaryFolder();

  async version(): Promise<string> {
    return (await this.peer.ask<{ torch: string }>({ command: "describe" }, limitMs)).torch;
  }

  async losses(example: Case, model: BenchmarkModel): Promise<number[]> {
    const data = this.write(example, model);
    const request = {
      command: "prepare",
      id: example.name,
      model: example.description,
      data,
      variant: "eager",
      precision: "float32",
      device: "cpu",
      losses: steps,
    };
    return (await this.peer.ask<{ losses: number[] }>(request, limitMs)).losses;
  }

  /** The first step's loss and gradients, in our parameters' shapes. */
  async gradients(example: Case, model: BenchmarkModel): Promise<Record<string, Float32Array>> {
    const data = this.write(example, model);
    const out = path.join(path.dirname(data), "gradients.f32");
    await this.peer.ask(
      { command: "gradients", model: example.description, data, out, device: "cpu" },
      limitMs,
    );
    return readGradients(out, model.parameters);
  }

  async stop(): Promise<void> {
    await this.peer.stop();
    this.files.remove();
  }

  private write(example: Case, model: BenchmarkModel): string {
    const folder = path.join(this.files.folder, example.description.architecture);
    mkdirSync(folder, { recursive: true });
    return writeModelData(folder, model);
  }
}
