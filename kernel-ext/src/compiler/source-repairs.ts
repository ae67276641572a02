import type { Node } from "@tslab/typescript-for-tslab";
import type { Diagnostic } from "tslab/dist/converter.js";
import { ts } from "./tslab-typescript.js";

type Position = Diagnostic["start"];

/** A cell's code as tslab's converter can take it, and the way back for positions in it. */
export interface RepairedSource {
  code: string;
  /** A position in `code` to the one in the cell as it was written. */
  toOriginal(position: Position): Position;
}

/**
 * Writes `{ seed }` as `{ seed: seed }`. tslab rewrites names from earlier cells to `exports.seed`, but overlooks the
 * short form, and the cell would fail with "seed is not defined".
 */
export function spellOutShorthand(source: string): RepairedSource {
  const insertions: { offset: number; text: string }[] = [];
  const visit = (node: Node): void => {
    if (ts.isShorthandPropertyAssignment(node)) {
      insertions.push({ offset: node.name.end, text: `: ${node.name.text}` });
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(source));

  let code = source;
  for (const { offset, text } of insertions.toReversed()) {
    code = code.slice(0, offset) + text + code.slice(offset);
  }
  return {
    code,
    toOriginal(position) {
      let { offset, character } = position;
      for (const insertion of insertions.toReversed()) {
        const insertedBefore = insertions
          .filter(({ offset }) => offset < insertion.offset)
          .reduce((length, { text }) => length + text.length, 0);
        const start = insertion.offset + insertedBefore;
        if (position.offset <= start) continue;
        const shift = Math.min(insertion.text.length, position.offset - start);
        offset -= shift;
        if (position.character >= position.offset - start) character -= shift;
      }
      return { ...position, offset, character };
    },
  };
}

/** Whether a `for await` stands outside of any function: tslab runs a cell as async only where it sees an `await`. */
export function hasTopLevelForAwait(source: string): boolean {
  const contains = (node: Node): boolean => {
    if (ts.isFunctionLike(node)) return false;
    if (ts.isForOfStatement(node) && node.awaitModifier) return true;
    return ts.forEachChild(node, contains) ?? false;
  };
  return contains(parse(source));
}

function parse(source: string) {
  return ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest, true);
}
