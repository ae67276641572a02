export { type CellContext, cell, sleep } from "./api/cell.js";
export { comms } from "./api/comms.js";
export {
  type ClearOutputOptions,
  clearOutput,
  type DisplayHandle,
  type DisplayOptions,
  display,
} from "./api/display.js";
export { input, password } from "./api/input.js";
export { html, type MimeValue, mime, svg } from "./api/mime.js";
export { Comm, type CommHandler, type CommMessage, type CommOpenOptions } from "./comm/comm.js";
export type { CommTarget } from "./comm/comm-manager.js";
export { KernelError, type KernelErrorCode } from "./session/kernel-error.js";
export type { PublishOptions } from "./session/kernel-session.js";
export { KeyboardInterrupt } from "./session/keyboard-interrupt.js";
export { displaySymbol } from "./session/mime-bundle.js";
export {
  type ChangeSource,
  type MimeBundle,
  type Widget,
  type WidgetState,
  widgetBrand,
} from "./widget/widget.js";
export type { Header } from "./wire/message.js";
