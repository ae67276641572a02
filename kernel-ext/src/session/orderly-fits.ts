import { readField } from "../base/inspect-safely.js";
import type { KernelSession } from "./kernel-session.js";

/** What is used here of TensorFlow.js's `LayersModel`. */
interface Model {
  stopTraining: boolean;
  fit: Fit;
  fitDataset: Fit;
}

type Fit = (this: Model, ...values: unknown[]) => Promise<unknown>;

const lookMs = 50;
const known = new WeakSet<object>();

/**
 * TensorFlow.js's own trainings end after their batch when the cell is interrupted. A `fit` that were left where it stands
 * would never come to its end, and its model would refuse to be trained again.
 *
 * @param exports of any package that a cell imports
 */
export function letFitsEndInOrder(exports: unknown, session: KernelSession): void {
  const model = readField(readField(exports, "LayersModel"), "prototype") as Model | undefined;
  if (typeof model?.fit !== "function" || typeof model.fitDataset !== "function" || known.has(model)) return;
  known.add(model);
  model.fit = endingInOrder(model.fit, session);
  model.fitDataset = endingInOrder(model.fitDataset, session);
}

function endingInOrder(fit: Fit, session: KernelSession): Fit {
  return function (this: Model, ...values) {
    const work = fit.apply(this, values);
    const signal = session.endsInOrder(work);
    if (!signal) return work;
    // More than once: before its first batch a model forgets what it was told.
    const timer = setInterval(() => {
      if (signal.aborted) this.stopTraining = true;
    }, lookMs);
    const finish = () => clearInterval(timer);
    work.then(finish, finish);
    return work;
  };
}
