/** Lines shown before and after the one that matters. */
const contextLines = 2;
/** Characters of a line that are shown. */
const maxWidth = 140;
/** Of a longer line, characters that are shown before the place that matters. */
const contextWidth = 60;
const ellipsis = "...";

/**
 * Some lines of source with their numbers, and a mark below the place that matters.
 *
 * @param line counted from 1, like `column`
 * @param length of the mark; it ends with the line
 */
export function codeFrame(lines: readonly string[], line: number, column: number, length = 1): string[] {
  const first = Math.max(1, line - contextLines);
  const last = Math.min(lines.length, line + contextLines);
  const width = String(last).length;
  const frame: string[] = [];
  for (let number = first; number <= last; number++) {
    const text = lines[number - 1] ?? "";
    const isWanted = number === line;
    const clipped = clip(text, isWanted ? column - 1 : 0);
    frame.push(`${isWanted ? ">" : " "} ${String(number).padStart(width)} | ${clipped.text}`.trimEnd());
    if (!isWanted) continue;
    const indent = clipped.text.slice(0, clipped.offset).replace(/[^\t]/g, " ");
    const marks = "^".repeat(Math.max(1, Math.min(length, clipped.text.length - clipped.offset)));
    frame.push(`  ${" ".repeat(width)} | ${indent}${marks}`);
  }
  return frame;
}

/** The part of a line around what is at `offset`, and where that is in it. */
function clip(text: string, offset: number): { text: string; offset: number } {
  if (text.length <= maxWidth) return { text, offset };
  const start = offset < maxWidth - contextWidth ? 0 : offset - contextWidth;
  const before = start > 0 ? ellipsis : "";
  const end = start + maxWidth;
  const after = end < text.length ? ellipsis : "";
  return { text: before + text.slice(start, end) + after, offset: offset - start + before.length };
}
