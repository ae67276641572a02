import { mean } from "simple-statistics";
import { requireNumber } from "../options.js";
import { requireShare, requireValues } from "./check.js";
import { testEquivalence } from "./equivalence.js";
import type { Interval } from "./interval.js";
import { tInterval } from "./t-interval.js";

export type VerdictName = "supported" | "refuted" | "inconclusive";

export interface VerdictInput {
  /** Treatment minus control, one a seed; at least two. */
  effects: readonly number[];
  /** What the claim says of the treatment: it raises the measure, lowers it, or leaves it as it is. */
  predicted: "increase" | "decrease" | "no-effect";
  /** Above 0, in the unit of the effects. To be written down before the results are seen. */
  smallestEffectOfInterest: number;
  /**
   * Of the effect; default: `tInterval(effects)`. A hierarchical bootstrap fits where there are ten seeds or more; for fewer
   * its interval is too narrow and would support too much.
   */
  interval?: Pick<Interval, "low" | "high" | "confidence">;
  /** The p-value (`tTest`) after a correction over several arms (`holm`). Where given, an effect counts only if it is below alpha. */
  adjustedPValue?: number;
  /** Of the equivalence test, and for `adjustedPValue`; default 0.05. */
  alpha?: number;
}

export interface Verdict {
  verdict: VerdictName;
  /** Mean of the effects. */
  effect: number;
  /** The one that decided. */
  interval: Pick<Interval, "low" | "high" | "confidence">;
  /** Of the test that the effect lies within ± the smallest effect of interest. */
  equivalencePValue: number;
  /** One sentence with the numbers, for the notebook's last cell. */
  sentence: string;
}

/**
 * Decides a claim by a rule that was fixed beforehand. The rule is ours:
 *
 * Predicted `increase` or `decrease`: *supported* where the interval excludes 0 in that direction and the effect is at least
 * the smallest one of interest; *refuted* where the interval excludes 0 in the other direction, or where the effect is shown to
 * be too small to matter (`testEquivalence`). Predicted `no-effect`: *supported* by that equivalence, *refuted* by an
 * interval that excludes 0 and an effect of at least the smallest one of interest. Otherwise *inconclusive*.
 *
 * @throws DataError `ERR_TOO_FEW_SAMPLES` for fewer than two effects; `ERR_NOT_FINITE`
 */
export function decideVerdict({
  effects,
  predicted,
  smallestEffectOfInterest,
  interval,
  adjustedPValue = 0,
  alpha = 0.05,
}: VerdictInput): Verdict {
  requireNumber("smallestEffectOfInterest", smallestEffectOfInterest, 0, true);
  requireNumber("adjustedPValue", adjustedPValue, 0);
  requireShare("alpha", alpha);
  requireValues("effects", effects, 2);
  const used = interval ?? tInterval(effects);
  requireValues("interval", [used.low, used.high], 2);
  const effect = mean(effects);
  const { equivalent, pValue } = testEquivalence(effects, { smallestEffectOfInterest, alpha });
  const significant = adjustedPValue < alpha;
  const shown = {
    increase: significant && used.low > 0,
    decrease: significant && used.high < 0,
    matters: Math.abs(effect) >= smallestEffectOfInterest,
    equivalent,
  };
  const verdict = decide(predicted, shown);
  const { low, high, confidence } = used;
  const range = `${short(100 * confidence)} % interval ${short(low)} to ${short(high)}, ${effects.length} seeds`;
  const correction = significant ? "" : `, corrected p ${short(adjustedPValue)} is not below ${alpha}`;
  const reason = explain(shown) + (equivalent ? ` (equivalence p = ${short(pValue)})` : "");
  return {
    verdict,
    effect,
    interval: { low, high, confidence },
    equivalencePValue: pValue,
    sentence: `${verdict.charAt(0).toUpperCase()}${verdict.slice(1)}: predicted ${expectation[predicted]}; effect ${short(effect)} (${range}), smallest effect of interest ${short(smallestEffectOfInterest)}${correction}; ${reason}.`,
  };
}

/** What the numbers show, whatever was predicted. */
interface Shown {
  increase: boolean;
  decrease: boolean;
  /** The effect is at least the smallest one of interest. */
  matters: boolean;
  /** The effect is certain to be smaller than that. */
  equivalent: boolean;
}

function decide(predicted: VerdictInput["predicted"], shown: Shown): VerdictName {
  if (predicted === "no-effect") {
    if (shown.equivalent) return "supported";
    return (shown.increase || shown.decrease) && shown.matters ? "refuted" : "inconclusive";
  }
  const opposite = predicted === "increase" ? "decrease" : "increase";
  if (shown[predicted] && shown.matters) return "supported";
  return shown[opposite] || shown.equivalent ? "refuted" : "inconclusive";
}

function explain({ increase, decrease, matters, equivalent }: Shown): string {
  if (equivalent) return "too small to matter";
  if (!increase && !decrease) return "neither a difference nor its absence is shown";
  const direction = increase ? "an increase" : "a decrease";
  return matters
    ? `${direction} is shown`
    : `${direction} is shown, but not that it is large enough to matter`;
}

const expectation = { increase: "an increase", decrease: "a decrease", "no-effect": "no effect" } as const;

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
