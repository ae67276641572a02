/**
 * What becomes of type errors: "stop" runs nothing of the cell, "warn" runs it at once and reports them beside its
 * output, "off" checks nothing.
 */
export type TypeCheckMode = "stop" | "warn" | "off";

export const typeCheckModes: readonly TypeCheckMode[] = ["stop", "warn", "off"];

/** What a cell asks for in a comment before its code: `// typecheck: warn`. */
export function typeCheckModeOf(code: string): TypeCheckMode | undefined {
  const [comments = ""] = /^(\s|\/\/.*|\/\*[\s\S]*?\*\/)*/.exec(code) ?? [];
  const [, mode] = /\btypecheck:\s*(stop|warn|off)\b/i.exec(comments) ?? [];
  return mode?.toLowerCase() as TypeCheckMode | undefined;
}
