import { type EngineName, engine } from "../../src/index.js";
import { train } from "../../src/train/index.js";
import { makeTiny } from "./tiny-training.js";

/** A process that trains on in a folder as soon as it is told which. Being ready takes longest, so that comes first. */
await engine.use(process.env.ENGINE as EngineName, { device: "cpu" });
const { options } = makeTiny();
process.once("message", async (folder: string) => {
  const run = train({
    ...options,
    folder,
    resume: true,
    steps: Number(process.env.STEPS),
    checkpointEvery: { steps: 5 },
    reportEvery: 1,
    keep: 2,
  });
  for await (const { step } of run) {
    if (step === 40) run.set({ pull: 0.4, "generator.learningRate": 0.01 });
    if (step === 80) run.set({ spread: 0.2 });
    process.send?.(step);
  }
  process.disconnect();
});
process.send?.("ready");
