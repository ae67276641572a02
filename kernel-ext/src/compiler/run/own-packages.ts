/** Packages that belong to the kernel that runs, wherever the notebook is. Loaded when a cell first wants them. */
const packages: Record<string, () => Promise<object>> = {
  // It brings a compiler of its own.
  tslab: () => import("tslab"),
  "@latentlab/kernel": () => import(new URL("../../index.js", import.meta.url).href),
};

/** A module of the kernel's own; undefined for anything else. */
export const importOwnPackage = (specifier: string): Promise<object> | undefined =>
  Object.hasOwn(packages, specifier) ? packages[specifier]?.() : undefined;
