import type ts from "typescript";
import type { DeclarationKind } from "../convert/declarations.js";
import type { Cursor } from "./inspection.js";
import type { Completion, CompletionMatch } from "./messages.js";
import { isInternalName } from "./names.js";

type KindOf = (name: string) => DeclarationKind | undefined;

/** What may stand at the cursor: what begins as the word there does comes first, then what contains it. */
export function completeCode(
  service: ts.LanguageService,
  { file, code, start: codeStart, cursor }: Cursor & { code: string },
  kindOf: KindOf,
): Completion {
  const options = { includeCompletionsWithInsertText: false };
  const info = service.getCompletionsAtPosition(file, codeStart + cursor, options);
  const { start, end } = replacedRange(code, cursor, info?.optionalReplacementSpan, codeStart);
  const typed = code.slice(start, cursor);
  const ranked = (info?.entries ?? [])
    .filter(({ name }) => !isInternalName(name))
    .map((entry, index) => ({ entry, index, rank: rankOf(entry.name, typed) }))
    .filter(({ rank }) => rank < notFitting);
  ranked.sort((a, b) => a.rank - b.rank || compare(a.entry.sortText, b.entry.sortText) || a.index - b.index);
  return { matches: ranked.map(({ entry }) => toMatch(entry, kindOf)), start, end };
}

const notFitting = 3;

function rankOf(name: string, typed: string): number {
  if (name.startsWith(typed)) return 0;
  const [lowerName, lowerTyped] = [name.toLowerCase(), typed.toLowerCase()];
  if (lowerName.startsWith(lowerTyped)) return 1;
  return lowerName.includes(lowerTyped) ? 2 : notFitting;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** TypeScript's words for how names come about. */
const types: Partial<Record<DeclarationKind, string>> = {
  variable: "let",
  constant: "const",
  namespace: "module",
  import: "alias",
};

/** What earlier cells have declared is an alias to TypeScript, but not to readers. */
function toMatch({ name, kind }: ts.CompletionEntry, kindOf: KindOf): CompletionMatch {
  const declared = kind === "alias" ? kindOf(name) : undefined;
  const type = declared ? (types[declared] ?? declared) : kind;
  return type ? { text: name, type } : { text: name };
}

/** The word, or the part of a string, that a completion replaces. */
function replacedRange(code: string, cursor: number, span: ts.TextSpan | undefined, codeStart: number) {
  const start = (span?.start ?? 0) - codeStart;
  const end = start + (span?.length ?? 0);
  if (span && start >= 0 && start <= cursor && end <= code.length) return { start, end };
  const [before = ""] = /[\p{L}\p{N}_$]*$/u.exec(code.slice(0, cursor)) ?? [];
  const [after = ""] = /^[\p{L}\p{N}_$]*/u.exec(code.slice(cursor)) ?? [];
  return { start: cursor - before.length, end: cursor + after.length };
}
