/** Frames of packages in a row of which all are shown. */
const maxRun = 4;
/** Of a longer row, frames that are shown: where it ends, and how the cell's code got into it. */
const [firstOfRun, lastOfRun] = [2, 1];
/** Frames that are shown in all: code that calls itself has many. */
const maxFrames = 20;
const [firstFrames, lastFrames] = [12, 5];

/** Shortens a stack of readable frames so that those of the cells' code are easy to find. */
export function foldFrames(frames: readonly string[]): string[] {
  const folded: string[] = [];
  for (let start = 0; start < frames.length; ) {
    let end = start;
    while (end < frames.length && packageOf(frames[end])) end++;
    folded.push(...foldRun(frames.slice(start, end)));
    if (end < frames.length) folded.push(frames[end] ?? "");
    start = end + 1;
  }
  if (folded.length <= maxFrames) return folded;
  const hidden = folded.length - firstFrames - lastFrames;
  return [...folded.slice(0, firstFrames), `    ... ${hidden} more`, ...folded.slice(-lastFrames)];
}

function foldRun(frames: readonly string[]): string[] {
  if (frames.length <= maxRun) return [...frames];
  const hidden = frames.slice(firstOfRun, -lastOfRun);
  const packages = [...new Set(hidden.map(packageOf))].join(", ");
  const first = frames.slice(0, firstOfRun);
  return [...first, `    ... ${hidden.length} more in ${packages}`, ...frames.slice(-lastOfRun)];
}

/** `@tensorflow/tfjs-core` of a frame in one of its files. */
function packageOf(frame = ""): string | undefined {
  if (!/^\s+at /.test(frame)) return undefined;
  const [, name] = /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(frame) ?? [];
  return name;
}
