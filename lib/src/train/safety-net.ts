import { setImmediate as nextTurn } from "node:timers/promises";
import type { Parameters } from "../nn/parameters.js";
import type { AutoencoderStep } from "./autoencoder-step.js";
import { type Checkpoint, findBrokenParameter, restoreCheckpoint, takeCheckpoint } from "./checkpoint.js";
import { findFault } from "./find-fault.js";
import { parameterGroup } from "./parameter-groups.js";

/** The way back of a training whose loss is lost. */
export interface SafetyNet {
  /** Has to be told of every step's batch: the steps since the last checkpoint may have to be repeated. */
  remember(batch: Uint32Array): void;
  /** Takes a checkpoint after `step`, provided that everything in it is finite. */
  save(step: number): Promise<void>;
  /** Looks where the loss of `lostStep` was lost and puts the model back to the last checkpoint. */
  goBack(
    lostStep: number,
  ): Promise<{ parameterGroup: string | undefined; checkpoint: Checkpoint | undefined }>;
}

export function createSafetyNet(
  parameters: Parameters,
  step: AutoencoderStep,
  signal?: AbortSignal,
): SafetyNet {
  let checkpoint: Checkpoint | undefined;
  let brokenParameter: string | undefined;
  let noisePosition = 0;
  let batches: Uint32Array[] = [];

  return {
    remember(batch) {
      batches.push(batch);
    },
    async save(stepsDone) {
      const taken = await takeCheckpoint(stepsDone, parameters, step.adam);
      brokenParameter = findBrokenParameter(taken);
      if (brokenParameter !== undefined) return;
      checkpoint = taken;
      noisePosition = step.noise.position;
      batches = [];
    },
    async goBack(lostStep) {
      if (!checkpoint) {
        return { parameterGroup: brokenParameter && parameterGroup(brokenParameter), checkpoint };
      }
      restoreCheckpoint(checkpoint, parameters, step.adam);
      step.noise.position = noisePosition;
      const replay = {
        parameters,
        loss: (index: number) => step.losses(batches[index] as Uint32Array).loss,
        update: step.adam.update,
      };
      const pause = async () => {
        await nextTurn();
        signal?.throwIfAborted();
      };
      try {
        const group = await findFault(replay, lostStep - checkpoint.step, pause);
        return { parameterGroup: group, checkpoint };
      } finally {
        restoreCheckpoint(checkpoint, parameters, step.adam);
      }
    },
  };
}
