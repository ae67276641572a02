import type { DetailLevel } from "./check/messages.js";

/** What a cell asks about that consists of `name?`, or of `name??`, which wants more. */
export interface HelpRequest {
  name: string;
  detailLevel: DetailLevel;
}

const helpPattern =
  /^\s*([\p{ID_Start}$_][\p{ID_Continue}$]*(?:\.#?[\p{ID_Start}$_][\p{ID_Continue}$]*)*)(\?\??)\s*$/u;

/** IPython's way to ask for documentation, which many notebooks' languages have taken over; TypeScript has no such code. */
export function helpRequestOf(code: string): HelpRequest | undefined {
  const [, name, marks] = helpPattern.exec(code) ?? [];
  return name ? { name, detailLevel: marks === "??" ? 1 : 0 } : undefined;
}
