import type { ReceivedMessage } from "../kernel-client.js";

/** A cell with the smallest thing that is a widget: state with subscribers, a front-end module, a picture. */
export const defineDial = `
import { type ChangeSource, display, type MimeBundle, type Widget, widgetBrand } from "@latentlab/kernel";

interface DialState { angle: number; weights: Float32Array; layers: { mask: Uint8Array }[] }
type Listener = (changes: Partial<DialState>, source: ChangeSource) => void;

class Dial implements Widget<DialState> {
  readonly [widgetBrand] = true as const;
  readonly esm = "export default { render() {} }";
  readonly css = ".dial {}";
  values: DialState = { angle: 10, weights: new Float32Array([0.5, 1]), layers: [{ mask: new Uint8Array([1, 0]) }] };
  heard: [string, ChangeSource][] = [];
  readonly listeners = new Set<Listener>();
  readonly state = {
    get: () => this.values,
    set: (changes: Partial<DialState>, source: ChangeSource = "kernel") => {
      if ((changes.angle ?? 0) > 360) throw new RangeError("a dial ends at 360");
      this.values = { ...this.values, ...changes };
      for (const listener of this.listeners) listener(changes, source);
    },
    subscribe: (listener: Listener) => {
      this.listeners.add(listener);
      return () => { this.listeners.delete(listener); };
    },
  };
  toMimeBundle(): MimeBundle | Promise<MimeBundle> {
    return { "image/svg+xml": "<svg/>", "text/plain": "Dial at " + this.values.angle };
  }
}
const dial = new Dial();
dial.state.subscribe((changes, source) => { dial.heard.push([Object.keys(changes).join(), source]); });
`;

/** What widgets have sent. */
export const commMessages = (messages: ReceivedMessage[]) =>
  messages.filter(({ header }) => header.msg_type === "comm_msg");
