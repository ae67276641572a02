import { formatNumber, formatSigned } from "../shared/format.js";

export type PerturbationKind = "noise" | "shift" | "clamp";

interface KindDescription {
  name: string;
  /** Strength at the slider's left and right end, in standard deviations. */
  from: number;
  to: number;
  initial: number;
  /** The strength with its sign and unit. */
  format(strength: number): string;
}

export const perturbationKinds: Record<PerturbationKind, KindDescription> = {
  noise: {
    name: "noise",
    from: 0,
    to: 2,
    initial: 0.7,
    format: (strength) => `σ = ${formatNumber(strength)} std`,
  },
  shift: {
    name: "channel shift",
    from: -3,
    to: 3,
    initial: 1.5,
    format: (strength) => `${formatSigned(strength)} std`,
  },
  clamp: {
    name: "clamp",
    from: 4,
    to: 0.25,
    initial: 1,
    format: (strength) => `± ${formatNumber(strength)} std`,
  },
};

/** Strength at a position of the slider, 0 (left) to 1 (right). */
export function strengthAt(kind: PerturbationKind, position: number): number {
  const { from, to } = perturbationKinds[kind];
  return from + (to - from) * position;
}

/** Position on the slider, 0 to 1, of a strength. */
export function positionOf(kind: PerturbationKind, strength: number): number {
  const { from, to } = perturbationKinds[kind];
  return Math.min(1, Math.max(0, (strength - from) / (to - from)));
}
