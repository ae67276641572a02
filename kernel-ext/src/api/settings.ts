import { findKernelSession } from "../session/kernel-session.js";
import { Settings } from "../session/settings.js";

const inPlainNode = new Settings();

/** The notebook's settings; in plain Node they have no effect. */
export const settings: Pick<Settings, "typeCheck"> = {
  get typeCheck() {
    return (findKernelSession()?.settings ?? inPlainNode).typeCheck;
  },
  set typeCheck(mode) {
    (findKernelSession()?.settings ?? inPlainNode).typeCheck = mode;
  },
};
