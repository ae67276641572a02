// Imported before a user's script: the pack's packages by their usual names, wherever the script lies.
import { register } from "node:module";

const names = {
  latentlab: "latentlab.mjs",
  "@tensorflow/tfjs-core": "tfjs-core.mjs",
  "@tensorflow/tfjs": "tfjs.mjs",
};
const urls = Object.fromEntries(
  Object.entries(names).map(([name, file]) => [name, new URL(file, import.meta.url).href]),
);
const hook = `const urls = ${JSON.stringify(urls)};
export const resolve = (name, context, next) =>
  urls[name] ? { url: urls[name], shortCircuit: true } : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
