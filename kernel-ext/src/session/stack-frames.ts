import { codeFrame } from "../compiler/code-frame.js";
import { foldFrames } from "../compiler/fold-frames.js";
import { compiledSources, type SourcePlace } from "../compiler/source-registry.js";
import { placeOfFrame, readableFrame } from "../compiler/stack-traces.js";

export interface ReadableStack {
  /** The lines of the message, as the stack has them. */
  message: string[];
  /** Some lines of the source where it happened. */
  code: string[];
  /** `at f (cell [3], line 2)`, and whatever else follows the message. */
  frames: string[];
}

/** A stack in terms of the sources. Frames that are nobody's are left out. */
export function readableStack(stack: string): ReadableStack {
  const { text, code } = withoutDecoration(stack);
  const lines = text.split("\n");
  const first = lines.findIndex((line) => /^\s+at /.test(line));
  const message = first < 0 ? lines : lines.slice(0, first);
  let innermost: SourcePlace | undefined;
  const frames = lines.slice(message.length).flatMap((line) => {
    const frame = readableFrame(line, compiledSources);
    if (frame === undefined || !/^\s+at /.test(frame)) return frame ?? [];
    const place = placeOfFrame(frame, compiledSources);
    innermost ??= place;
    // The lines that are shown have a mark for the column.
    return place ? frame.replace(/(, line \d+):\d+(\)?)$/, "$1$2") : frame;
  });
  const own = innermost ? codeFrame(innermost.lines, innermost.line, innermost.column) : code;
  return { message, code: own, frames: foldFrames(frames) };
}

/**
 * What Node puts before some stacks: a place in terms of the code that it was given, the line, and a mark below it. For
 * what ends too early, such as JSON, line and mark are blank.
 */
const decoration =
  /^((?:cell|expression)\[[^\]]*\]|<anonymous_script>|(?:node:|file:|\/).*):(\d+)\n.*\n([ \t]*)\^*[ \t]*\n\n?/;

/** The stack from its message on, and the lines of the source where they are known. */
function withoutDecoration(stack: string): { text: string; code: string[] } {
  const [all = "", name = "", row, indent = ""] = decoration.exec(stack) ?? [];
  const place = compiledSources.locate(name, Number(row), indent.length + 1);
  const code = place ? codeFrame(place.lines, place.line, place.column) : [];
  return { text: stack.slice(all.length), code };
}
