import { engine } from "../../src/index.js";
import { train } from "../../src/train/index.js";
import { engineNames, useEngine } from "../engines.js";
import { makeConvolutional } from "./convolutional-training.js";

/** A process that writes the losses of a few steps on every engine, as JSON. */
const losses: Record<string, number[]> = {};
for (const name of engineNames) {
  await useEngine(name);
  const { options, dispose } = makeConvolutional([4]);
  const series: number[] = [];
  for await (const report of train({ ...options, steps: 3, reportEvery: 1 })) {
    series.push(report["autoencoder.loss"] as number, report["flow.loss"] as number);
  }
  losses[engine.describe().name] = series;
  dispose();
}
process.stdout.write(`${JSON.stringify({ version: process.version, losses })}\n`);
