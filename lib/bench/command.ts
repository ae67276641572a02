/** A benchmark's command as a reader repeats it: where the report and Python lie is of no interest elsewhere. */
export function describeCommand(benchmark: string, args: string[]): string {
  const isPath = (arg: string | undefined) => arg === "--out" || arg === "--python";
  const telling = args.filter((arg, index) => !isPath(arg) && !isPath(args[index - 1]));
  return ["npm run bench --", benchmark, ...telling].join(" ");
}
