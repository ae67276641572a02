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
export { type ProgressOptions, progress } from "./api/progress.js";
export { settings } from "./api/settings.js";
export { hold, jsdlink, jslink, type Link, widgets } from "./api/widgets.js";
export { KernelError, type KernelErrorCode } from "./base/kernel-error.js";
export { displaySymbol, type MimeBundle } from "./base/mime-bundle.js";
export { Comm, type CommHandler, type CommMessage, type CommOpenOptions } from "./comm/comm.js";
export type { CommTarget } from "./comm/comm-manager.js";
export type { TypeCheckMode } from "./compiler/type-check-mode.js";
export type { PublishOptions } from "./session/kernel-session.js";
export { KeyboardInterrupt } from "./session/keyboard-interrupt.js";
export type { LinkEnd } from "./widget/link.js";
export {
  type ChangeSource,
  type Widget,
  type WidgetState,
  widgetBrand,
} from "./widget/widget.js";
export type { Header } from "./wire/message.js";
