import { setImmediate as nextTurn } from "node:timers/promises";
import type * as tf from "@tensorflow/tfjs-core";
import { ConfigError, RunError } from "../errors.js";
import { createGate, createQueue, untilAborted } from "./between-steps.js";
import { averagesAfterEnd, withSwapped } from "./evaluate-average.js";
import { createReporter, type TrainingReport } from "./report.js";
import { openSession, type Session } from "./session.js";
import { createSteering, type JournalEntry } from "./steering.js";
import { requirePlan, steerable, type TrainOptions } from "./train-options.js";

/** A training that goes on while its events are read. */
export interface Run<Setting extends string = string, Report extends TrainingReport = TrainingReport>
  extends AsyncGenerator<Report, void, undefined> {
  /** Steps done. */
  readonly step: number;
  readonly paused: boolean;
  /** Every change so far, and what is still to come of a replayed journal. */
  readonly journal: readonly JournalEntry[];
  /** Stops after the step that is running, until `resume`. The state stays on the engine. */
  pause(): void;
  resume(): void;
  /**
   * Changes settings, `learningRate` and `clipNorm` from the next step on. With several networks `learningRate` stands for all
   * of theirs and `"generator.learningRate"` for one; a network's `schedule` stays a factor on it.
   *
   * @throws ConfigError for an unknown name, a number that is not finite, a rate below 0; nothing is changed then
   */
  set(
    changes: { readonly [name in Setting | "learningRate" | "clipNorm"]?: number } & Record<string, number>,
  ): void;
  /**
   * Saves the state now, between two steps.
   *
   * @returns the checkpoint's folder; nothing for a training without one
   * @throws RunError `ERR_RUN_NOT_ACTIVE` before the first step and after the end, which has a checkpoint of its own
   */
  checkpoint(): Promise<string | undefined>;
  /**
   * Does something with averaged weights in the place of the networks' own: evaluations, samples. Between two steps, or
   * after the end. Await nothing else of the run in there.
   *
   * @param name of the average; networks without one of that name stay as they are
   */
  withAverage<Result>(name: string, work: () => Result | Promise<Result>): Promise<Result>;
}

/**
 * Trains one network, or several in turn, and reports as it goes: autoencoders, their adversaries, diffusion models and
 * decoders.
 *
 *     const run = train({
 *       steps: 10_000, batches: imageBatches(images), toTensors: (batch) => ({ pictures: toTensor(batch) }),
 *       settings: { klWeight: 1e-6 },
 *       networks: { model: { parameters: model.parameters, learningRate: 1e-3, loss: ({ batch, settings, noise }) => ... } },
 *       folder: "runs/first", resume: true,
 *     });
 *     for await (const { step, loss } of run) console.log(step, loss);
 *
 * Optimiser: Adam or AdamW, see `createAdam`. A step is compiled (`engine.compile`), so a loss takes what changes from its
 * context. Between two steps the event loop gets a turn. When another engine has come into use, the training goes on there.
 *
 * With a `folder`, a training that was stopped, or killed at any moment, goes on by `resume` with the losses that it would have
 * had on the same engine and device, bit for bit: on CPUs always, on a GPU by `deterministic` algorithms, which are the
 * default with a folder. Not so for what torch has no such algorithm for, the gradient of bilinear resizing for one; torch
 * names it on the standard error output. On another engine, device or precision, and without `deterministic` where it was, it
 * warns that the losses will differ. At the end, when it is aborted and when the reader leaves the loop there is a
 * checkpoint, too.
 *
 * @yields an event after the first, every `reportEvery`-th and the last step; the first of a resumption too
 * @throws ConfigError for an option out of range, at once; while events are read: the signal's reason once it is aborted,
 *   TrainingError `ERR_LOSS_NOT_FINITE` with the networks put back to the last checkpoint, RunError for a folder that cannot be
 *   used, DiskError `ERR_DISK_FULL` where there is no room for a checkpoint or the metrics: the last one is whole, to resume from
 */
export function train<Batch, Inputs extends tf.NamedTensorMap, Setting extends string = never>(
  options: TrainOptions<Batch, Inputs, Setting>,
): Run<Setting> {
  const plan = requirePlan(options);
  const start = steerable(plan);
  const rates = Object.fromEntries(
    ["learningRate", "clipNorm"].map((what) => {
      const names = Object.keys(plan.networks).map((network) => plan.nameOf(network, what));
      return [what, names.filter((name) => name in start)];
    }),
  );
  const makeSteering = (journal: readonly JournalEntry[]) => createSteering(start, rates, journal);
  let steering = makeSteering(plan.journal);
  let session: Session | undefined;
  let ended: Awaited<ReturnType<typeof averagesAfterEnd>> | undefined;
  /** Steps begun: changes count from the next one on. */
  let begun = 0;
  const gate = createGate();
  const exclusive = createQueue();

  async function* run(): AsyncGenerator<TrainingReport, void, undefined> {
    const opened = await openSession(plan, makeSteering);
    const active = opened.session;
    const early = steering.journal; // changes that were made before the training stood
    begun = active.step;
    steering = opened.steering;
    for (const { what, to } of early.filter((entry) => !plan.journal.includes(entry))) {
      steering.change({ [what]: to }, begun);
    }
    session = active;
    const batches = plan.batches
      .from(begun, plan.signal ? { signal: plan.signal } : {})
      [Symbol.asyncIterator]();
    const nextBatch = () => {
      const batch = batches.next();
      batch.catch(() => {}); // thrown where it is waited for
      return batch;
    };
    let pending = nextBatch();
    let isInOrder = true;
    try {
      const report = createReporter(plan);
      while (active.step < plan.steps) {
        await gate.opened(plan.signal);
        const { value: batch, done } = await untilAborted(pending, plan.signal);
        if (done) throw endOfBatches(active.step);
        pending = nextBatch();
        await gate.opened(plan.signal);
        const event = await exclusive(async () => {
          await active.saveJournal(); // on the disk before it has an effect
          begun = active.step + 1;
          return report.step(active, batch);
        });
        // Not a microtask: messages and timers are served only when the event loop itself gets a turn.
        await nextTurn();
        if (event) yield event;
      }
      await exclusive(() => saveLast(active));
    } catch (error) {
      isInOrder = plan.signal?.aborted === true && error === plan.signal.reason;
      throw error;
    } finally {
      batches.return?.().catch(() => {});
      await exclusive(async () => {
        try {
          if (isInOrder && plan.folder !== undefined) await saveLast(active);
          ended = await averagesAfterEnd(active.turns);
        } finally {
          ended ??= () => [];
          await active.close();
        }
      });
    }
  }

  const generator = run();
  const methods: Omit<Run<Setting>, keyof AsyncGenerator> = {
    get step() {
      return session?.step ?? 0;
    },
    get paused() {
      return gate.isClosed;
    },
    get journal() {
      return steering.journal;
    },
    pause: gate.close,
    resume: gate.open,
    set: (changes) => steering.change(changes, begun),
    checkpoint: () =>
      exclusive(async () => {
        if (!session || ended) {
          const message = "The training is not running: there is nothing to save now.";
          throw new RunError("ERR_RUN_NOT_ACTIVE", message);
        }
        await session.read();
        return session.save();
      }),
    withAverage: (name, work) =>
      exclusive(async () => {
        if (!session)
          throw new RunError("ERR_RUN_NOT_ACTIVE", "The training has not begun: there is no average yet.");
        const taken = ended?.(name);
        try {
          return await withSwapped(
            name,
            taken ?? session.turns.flatMap((turn) => turn.averages[name] ?? []),
            work,
          );
        } finally {
          for (const average of taken ?? []) average.dispose();
        }
      }),
  };
  return Object.defineProperties(generator, Object.getOwnPropertyDescriptors(methods)) as Run<Setting>;
}

async function saveLast(session: Session): Promise<void> {
  await session.read();
  await session.saveJournal();
  if (session.savedStep !== session.step) await session.save(true);
}

function endOfBatches(step: number): ConfigError {
  const message = `The batches ended after ${step} steps; a training needs endless ones, or fewer steps.`;
  return new ConfigError("ERR_OPTION_OUT_OF_RANGE", message);
}
