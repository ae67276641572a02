import type { Session } from "./session.js";
import type { StepRecord } from "./step-records.js";
import type { Plan } from "./train-options.js";

/**
 * How a training stands after `step` of `steps` steps. Besides these fields there are all settings, learning rates and terms
 * of that step by name: `loss`, `learningRate`, `kl`; with several networks `generator.loss` and so on. Losses are those
 * of the step's batch, from before its update.
 */
export interface TrainingReport {
  step: number;
  steps: number;
  /** Since the start or the resumption, pauses included. */
  elapsedMs: number;
  /** Rows of the batches of the steps since the last event, by the time in which they were worked at. */
  imagesPerSecond: number;
  [name: string]: number;
}

/** Makes steps, reads their losses back when an event or a checkpoint is due, and makes the event. */
export function createReporter(plan: Plan) {
  const startedAtMs = performance.now();
  let busyMs = 0;
  let rows = 0;
  let isFirst = true;
  return {
    async step(session: Session, batch: unknown): Promise<TrainingReport | undefined> {
      const { steps, reportEvery, checkpointSeconds, checkpointSteps } = plan;
      const stepStartedAtMs = performance.now();
      rows += session.advance(batch);
      const { step } = session;
      const reports = isFirst || step === steps || step % reportEvery === 0;
      isFirst = false;
      const saves =
        step % checkpointSteps === 0 || stepStartedAtMs - session.savedAtMs >= 1000 * checkpointSeconds;
      const last: StepRecord | undefined = reports || saves ? (await session.read()).at(-1) : undefined;
      if (saves) await session.save();
      const now = performance.now();
      busyMs += now - stepStartedAtMs;
      if (!reports || !last) return undefined;
      const imagesPerSecond = (1000 * rows) / busyMs;
      busyMs = 0;
      rows = 0;
      return { ...last, steps, elapsedMs: now - startedAtMs, imagesPerSecond };
    },
  };
}
