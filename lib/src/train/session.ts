import { setImmediate as nextTurn } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs-core";
import { beginDeterminism } from "../engine/current.js";
import type { TrainingError } from "../errors.js";
import { createNoise, noiseStarts } from "../noise.js";
import { findBrokenParameter, restoreState, type TrainingState, takeState } from "./checkpoint.js";
import { describeEngine, warnOfOtherEngine } from "./engine-of-run.js";
import { findFault, type ReplayedTurn } from "./find-fault.js";
import { lossNotFinite } from "./loss-not-finite.js";
import { type MetricsFile, openMetricsFile } from "./metrics-file.js";
import { parameterGroup } from "./parameter-groups.js";
import { openRunFolder, type RunFolder } from "./run-folder.js";
import type { Steering } from "./steering.js";
import { createNumbers, readRecords, type StepRecord, type Unread } from "./step-records.js";
import { describeOptions, type Plan, requireSameOptions } from "./train-options.js";
import { createTurn, type Turn } from "./turn.js";

/** All that a running training has: networks with their state, what was not read back yet, the files. */
export interface Session {
  /** Steps done. */
  readonly step: number;
  readonly turns: readonly Turn[];
  /** Steps done when the state was saved last. */
  readonly savedStep: number | undefined;
  /** When that was, by `performance.now()`. */
  readonly savedAtMs: number;
  /** Makes the next step. @returns rows of the batch */
  advance(batch: unknown): number;
  /**
   * Waits for all steps so far, and writes their metrics.
   *
   * @returns records of the steps since the last call
   * @throws TrainingError `ERR_LOSS_NOT_FINITE`, with the networks put back to the last checkpoint
   */
  read(): Promise<StepRecord[]>;
  /**
   * Keeps the state to go back to. Call `read` before.
   *
   * @param isEnd whether these are the numbers that the caller will be left with
   * @returns the new checkpoint's folder; none for a model that was broken before its first step, which a loss may show
   * @throws TrainingError `ERR_LOSS_NOT_FINITE` where a number in it is not finite: losses are from before their update
   */
  save(isEnd?: boolean): Promise<string | undefined>;
  /** Writes the journal where it has changed, as often as it changes meanwhile. */
  saveJournal(): Promise<void>;
  close(): Promise<void>;
}

export async function openSession(
  plan: Plan,
  makeSteering: (journal: Plan["journal"]) => Steering,
): Promise<{ session: Session; steering: Steering }> {
  const { networks, seed, microBatches, folder } = plan;
  const noise = createNoise(seed, noiseStarts.training);
  const settingNames = Object.keys(plan.settings);
  const turns: Turn[] = [];
  const endDeterminism = plan.deterministic ? beginDeterminism() : () => {};
  let store: RunFolder | undefined;
  let metrics: MetricsFile | undefined;
  const close = async () => {
    for (const turn of turns) turn.dispose();
    noise.dispose();
    endDeterminism();
    await metrics?.close();
    await store?.close();
  };
  try {
    for (const [name, network] of Object.entries(networks)) {
      turns.push(createTurn(name, network, { noise, settingNames, microBatches }));
    }
    if (folder !== undefined) store = await openRunFolder(folder, turns, plan);
    if (folder !== undefined && store?.found) {
      requireSameOptions(folder, store.found.text.options, describeOptions(plan));
      warnOfOtherEngine(folder, store.found.text.engine);
    }
    // Before the networks change: the journal may be one that cannot be replayed.
    const steering = makeSteering(store?.found ? store.journal : plan.journal);
    if (store?.found) restoreState(store.found.state, turns, noise);
    if (store) metrics = await openMetricsFile(store.metricsFile, store.found?.state.step ?? 0);
    const session = createSession(plan, steering, { turns, noise, store, metrics, close });
    if (!store?.found) await session.save();
    return { session, steering };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Parts {
  turns: Turn[];
  noise: ReturnType<typeof createNoise>;
  store: RunFolder | undefined;
  metrics: MetricsFile | undefined;
  close(): Promise<void>;
}

function createSession(
  plan: Plan,
  steering: Steering,
  { turns, noise, store, metrics, close }: Parts,
): Session {
  const { nameOf, toTensors, batches, signal } = plan;
  const unread: Unread[] = [];
  const numbers = createNumbers(turns);
  let checkpoint: TrainingState | undefined = store?.found?.state;
  let brokenParameter: string | undefined;
  let step = checkpoint?.step ?? 0;
  let savedAtMs = performance.now();
  let savedJournal: Steering["journal"] | undefined = store?.found && steering.journal;
  let failure: TrainingError | undefined;
  const updates = new Map<Turn, number>();
  const setUpdates = () => {
    for (const turn of turns) updates.set(turn, checkpoint?.networks[turn.name]?.optimizer.step ?? 0);
  };
  setUpdates();

  /** What a step's turns are, with their numbers on the engine and their learning rates set. */
  const turnsOf = function* (step: number, record: StepRecord) {
    const values = steering.valuesAt(step);
    for (const setting of Object.keys(plan.settings)) record[setting] = values[setting] as number;
    for (const turn of turns) {
      const { name, network, optimizer } = turn;
      if (!(network.turn?.(step) ?? true)) continue;
      const rate = (values[nameOf(name, "learningRate")] as number) * (network.schedule?.(step) ?? 1);
      if (optimizer.learningRate !== rate) optimizer.learningRate = rate;
      record[nameOf(name, "learningRate")] = rate;
      const update = (updates.get(turn) as number) + 1;
      updates.set(turn, update);
      const list = turn.numbersOf(values, values[nameOf(name, "clipNorm")] ?? 0, update);
      yield { turn, numbers: numbers.of(turn, list) };
    }
  };

  const advance = (batch: unknown) => {
    if (failure) throw failure;
    const inputs = tf.tidy(() => toTensors(batch));
    const handedOn: tf.NamedTensorMap = {};
    const next: Unread = { known: { step: step + 1 }, terms: [] };
    try {
      for (const { turn, numbers } of turnsOf(step + 1, next.known)) {
        const outputs = turn.run(inputs, handedOn, numbers);
        next.terms.push({ turn, tensor: outputs.terms });
        handOn(handedOn, outputs.handedOn);
      }
      unread.push(next);
      step += 1;
      return Object.values(inputs)[0]?.shape[0] ?? 0;
    } catch (error) {
      tf.dispose(next.terms.map(({ tensor }) => tensor));
      throw error;
    } finally {
      tf.dispose([inputs, handedOn]);
    }
  };

  /** The steps from the last checkpoint on once more, up to the lost one. */
  async function* replay(from: number, lostStep: number): AsyncGenerator<ReplayedTurn> {
    let next = from;
    for await (const batch of batches.from(from, signal ? { signal } : {})) {
      next += 1;
      const inputs = tf.tidy(() => toTensors(batch));
      const handedOn: tf.NamedTensorMap = {};
      try {
        for (const { turn, numbers } of turnsOf(next, { step: next })) {
          yield {
            network: turn.name,
            parameters: turn.network.parameters,
            gradients() {
              const { gradients, terms, handedOn: more } = turn.compute(inputs, handedOn, numbers);
              terms.dispose();
              handOn(handedOn, more);
              return gradients;
            },
            update: (gradients) => turn.apply(gradients, numbers),
          };
        }
      } finally {
        tf.dispose([inputs, handedOn]);
      }
      if (next === lostStep) return;
      await nextTurn();
      signal?.throwIfAborted();
    }
  }

  const goBack = async (lostStep: number): Promise<TrainingError> => {
    const details = { plan, lostStep, values: steering.valuesAt(lostStep) };
    if (!checkpoint) {
      const group = brokenParameter && parameterGroup(brokenParameter);
      return lossNotFinite({ ...details, parameterGroup: group, checkpoint: undefined });
    }
    const restore = () => {
      restoreState(checkpoint as TrainingState, turns, noise);
      setUpdates();
      step = (checkpoint as TrainingState).step;
    };
    restore();
    try {
      const fault = await findFault(replay(step, lostStep));
      const network = fault?.network ?? (turns[0] as Turn).name;
      const { weights, optimizer } = checkpoint.networks[network] as TrainingState["networks"][string];
      const prefixed = fault && nameOf(fault.network, fault.parameterGroup);
      return lossNotFinite({
        ...details,
        parameterGroup: prefixed,
        checkpoint: { step: checkpoint.step, weights, optimizer },
      });
    } finally {
      restore();
    }
  };

  const read = async () => {
    if (failure) throw failure;
    const records = await readRecords(unread.splice(0), plan);
    const lossNames = turns.map(({ name }) => nameOf(name, "loss"));
    const lost = records.find((record) => lossNames.some((name) => !Number.isFinite(record[name] ?? 0)));
    await metrics?.append(lost ? records.filter((record) => record.step < lost.step) : records);
    if (!lost) return records;
    failure = await goBack(lost.step);
    throw failure;
  };

  const saveJournal = async () => {
    while (savedJournal !== steering.journal) {
      const { journal } = steering;
      await store?.writeJournal(journal);
      savedJournal = journal;
    }
  };

  const save = async (isEnd = false) => {
    const taken = await takeState(step, turns, noise);
    brokenParameter = findBrokenParameter(taken);
    if (brokenParameter !== undefined) {
      if (!checkpoint && !isEnd) return undefined;
      failure = await goBack(step);
      throw failure;
    }
    checkpoint = taken;
    savedAtMs = performance.now();
    if (!store) return undefined;
    await metrics?.sync();
    await saveJournal();
    return store.writeCheckpoint(taken, {
      options: describeOptions(plan),
      engine: describeEngine(),
      journal: steering.journal,
    });
  };

  return {
    get step() {
      return step;
    },
    turns,
    get savedStep() {
      return checkpoint?.step;
    },
    get savedAtMs() {
      return savedAtMs;
    },
    advance,
    read,
    save,
    saveJournal,
    async close() {
      tf.dispose(unread.splice(0).flatMap(({ terms }) => terms.map(({ tensor }) => tensor)));
      numbers.dispose();
      await close();
    },
  };
}

/** Adds what a network hands on; what one before it has handed on by the same name is freed. */
function handOn(handedOn: tf.NamedTensorMap, more: tf.NamedTensorMap): void {
  tf.dispose(Object.keys(more).flatMap((name) => handedOn[name] ?? []));
  Object.assign(handedOn, more);
}
