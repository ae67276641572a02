import { TrainingError } from "../errors.js";
import type { Checkpoint } from "./checkpoint.js";
import type { Plan } from "./train-options.js";

export interface LostLoss {
  plan: Plan;
  lostStep: number;
  /** Settings and learning rates of that step. */
  values: Readonly<Record<string, number>>;
  parameterGroup: string | undefined;
  checkpoint: Checkpoint | undefined;
}

/** The error that says where it began, where the model is now, and what to lower. */
export function lossNotFinite({
  plan,
  lostStep,
  values,
  parameterGroup,
  checkpoint,
}: LostLoss): TrainingError {
  const where = parameterGroup ? `, beginning in ${parameterGroup}` : "";
  const back = checkpoint
    ? `The model is back where it was after step ${checkpoint.step}.`
    : "Its parameters were not finite at the start; make a new model.";
  const rates = Object.keys(plan.networks).map((network) => plan.nameOf(network, "learningRate"));
  const large = Object.keys(plan.settings).filter((name) => (values[name] as number) > 1);
  const lower = [...rates, ...large].map((name) => `a lower ${name} (it was ${values[name]})`);
  return new TrainingError(
    "ERR_LOSS_NOT_FINITE",
    `The loss was no longer a finite number at step ${lostStep}${where}. ${back} Train it with ${lower.join(" or ")}.`,
    { step: lostStep, parameterGroup, checkpoint },
  );
}
