import { KernelError } from "../base/kernel-error.js";
import { type TypeCheckMode, typeCheckModes } from "../compiler/type-check-mode.js";

const standard: TypeCheckMode = "stop";

/** What a notebook can set for all of its cells. */
export class Settings {
  #typeCheck: TypeCheckMode = readEnvironment();

  /**
   * What becomes of type errors: "stop" (the standard) runs nothing of the cell, "warn" runs it at once and reports them
   * beside its output, "off" checks nothing. A cell can say otherwise in a comment before its code: `// typecheck: off`.
   *
   * @throws KernelError `ERR_SETTING_BAD`
   */
  get typeCheck(): TypeCheckMode {
    return this.#typeCheck;
  }

  set typeCheck(mode: TypeCheckMode) {
    if (!typeCheckModes.includes(mode)) {
      const known = typeCheckModes.map((one) => `"${one}"`).join(", ");
      throw new KernelError("ERR_SETTING_BAD", `typeCheck is one of ${known}, not ${JSON.stringify(mode)}.`);
    }
    this.#typeCheck = mode;
  }
}

/** For programs that run notebooks. */
function readEnvironment(): TypeCheckMode {
  const wished = process.env.LATENTLAB_TYPECHECK as TypeCheckMode;
  return typeCheckModes.includes(wished) ? wished : standard;
}
