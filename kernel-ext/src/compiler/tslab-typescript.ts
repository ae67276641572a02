import { createRequire } from "node:module";
import type * as TypeScript from "@tslab/typescript-for-tslab";

// The compiler belongs to tslab: where it lies is asked of tslab, not of this package's node_modules.
const requireFromTslab = createRequire(createRequire(import.meta.url).resolve("tslab/package.json"));

/** TypeScript 5.0 as tslab patched it. */
export const ts = requireFromTslab("@tslab/typescript-for-tslab") as typeof TypeScript;
