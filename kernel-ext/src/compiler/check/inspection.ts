import type ts from "typescript";
import type { DetailLevel, Inspection } from "./messages.js";

/** A cursor in a cell's code. */
export interface Cursor {
  file: string;
  /** Where the cell's code begins in the file. */
  start: number;
  /** Within the cell's code. */
  cursor: number;
}

/** Characters after which a type is cut short. */
const maxLength: Record<DetailLevel, number> = { 0: 500, 1: 10_000 };

/**
 * Signature and documentation of what is at the cursor, or of the function in whose arguments it stands.
 *
 * @param explain TypeScript's words for readers
 */
export function inspectCode(
  service: ts.LanguageService,
  { file, start, cursor }: Cursor,
  detailLevel: DetailLevel,
  explain: (text: string) => string,
): Inspection | undefined {
  const position = start + cursor;
  const describe = (place: number) => service.getQuickInfoAtPosition(file, place, maxLength[detailLevel]);
  const info =
    describe(position) ??
    (cursor > 0 ? describe(position - 1) : undefined) ??
    describe(placeOfCall(service, file, position) ?? position);
  if (!info) return undefined;
  const signature = signatureOf(explain(plain(info.displayParts)));
  // What TypeScript says of a name that it does not know.
  if (signature === "any") return undefined;
  const summary = plain(info.documentation);
  const tags = detailLevel > 0 ? (info.tags ?? []).map(describeTag) : [];
  const fence = "```";
  const code = `${fence}typescript\n${signature}\n${fence}`;
  const text = paragraphs(signature, summary, tags.join("\n"));
  const markdown = paragraphs(code, summary, tags.map((tag) => `- ${tag}`).join("\n"));
  return { text, markdown };
}

/** Within `f(a, |)`: where `f` is, which stands just before the parenthesis. */
function placeOfCall(service: ts.LanguageService, file: string, position: number): number | undefined {
  const help = service.getSignatureHelpItems(file, position, undefined);
  return help && Math.max(0, help.applicableSpan.start - 2);
}

/** Names of earlier cells are aliases to TypeScript; readers are shown what they stand for. */
function signatureOf(text: string): string {
  const own = text.replace(/^\(alias\) /, "").replace(/\nimport [\p{L}\p{N}_$]+ = .*$/u, "");
  // Where an alias is called, TypeScript leaves the word out.
  return /^[\p{L}\p{N}_$]+[<(]/u.test(own) ? `function ${own}` : own;
}

function describeTag({ name, text }: ts.JSDocTagInfo): string {
  return `@${name} ${plain(text)}`.trim();
}

function paragraphs(...parts: string[]): string {
  return parts.filter(Boolean).join("\n\n");
}

function plain(parts: readonly ts.SymbolDisplayPart[] | undefined): string {
  return (parts ?? []).map(({ text }) => text).join("");
}
