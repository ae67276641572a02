import { readFile } from "node:fs/promises";
import path from "node:path";

export const operators = path.resolve(import.meta.dirname, "../../native/operators");

/** What a header of `lib/native/operators` hands to the GPU's compiler: its kernels, after those that it includes. */
export async function readKernels(header: string): Promise<string> {
  const text = await readFile(path.join(operators, header), "utf8");
  const kernels = /R"CUDA\((.*)\)CUDA"/s.exec(text)?.[1];
  if (!kernels) throw new Error(`${header} holds no kernels`);
  const included = [...text.matchAll(/#include "(\w+\.cu\.h)"/g)].map(([, name]) =>
    readKernels(name as string),
  );
  return [...(await Promise.all(included)), kernels].join("");
}
