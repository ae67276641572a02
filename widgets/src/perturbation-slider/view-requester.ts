import { onChange, type ViewModel, write } from "../shared/view/model.js";
import type { PerturbationRequest, PerturbationSliderState } from "./state.js";

const minimalIntervalMs = 80;
/** A kernel acknowledges at once unless it is gone, or busy without a pause. */
const silenceMs = 2500;

interface RequesterOptions {
  model: ViewModel<PerturbationSliderState>;
  signal: AbortSignal;
  /** The request in work, its progress, or the kernel's silence changed. */
  onUpdate(): void;
}

/**
 * Sends what the reader wants to the kernel: one request in flight, at least 80 ms between two, and of those that come
 * meanwhile only the last.
 */
export function requester({ model, signal, onUpdate }: RequesterOptions) {
  let wanted: PerturbationRequest = model.get("request");
  let sent: PerturbationRequest | null = null;
  let sentAtMs = Number.NEGATIVE_INFINITY;
  let silent = false;
  let sendTimer: ReturnType<typeof setTimeout> | undefined;
  let silenceTimer: ReturnType<typeof setTimeout> | undefined;

  const answeredId = () =>
    Math.max(model.get("answer")?.request.id ?? -1, model.get("error")?.requestId ?? -1);
  const inFlight = () => sent !== null && answeredId() < sent.id;

  function send(): void {
    clearTimeout(sendTimer);
    if (signal.aborted || wanted === sent || (inFlight() && !silent)) return;
    const waitMs = sentAtMs + minimalIntervalMs - performance.now();
    if (waitMs > 0) {
      sendTimer = setTimeout(send, waitMs);
      return;
    }
    wanted = { ...wanted, id: model.get("request").id + 1 };
    sent = wanted;
    sentAtMs = performance.now();
    write(model, { request: wanted });
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(() => {
      if (!sent || model.get("acknowledged") >= sent.id) return;
      silent = true;
      wanted = sent = model.get("answer")?.request ?? model.get("request");
      onUpdate();
    }, silenceMs);
  }

  onChange(
    model,
    ["answer", "error", "acknowledged"],
    () => {
      if (silent) {
        silent = false;
        wanted = sent = model.get("request");
      }
      send();
      onUpdate();
    },
    signal,
  );
  onChange(
    model,
    ["request"],
    () => {
      // Another view of this widget asked: follow it, unless this reader is about to ask something newer.
      const request = model.get("request");
      if (request === sent || request.id === sent?.id) return;
      if (wanted === sent || sent === null) wanted = sent = request;
      onUpdate();
    },
    signal,
  );
  signal.addEventListener("abort", () => {
    clearTimeout(sendTimer);
    clearTimeout(silenceTimer);
  });

  return {
    /** What the controls show. */
    get wanted(): PerturbationRequest {
      return wanted;
    },
    get waiting(): boolean {
      const first = model.get("answer") === null && model.get("error") === null;
      return !silent && (first || inFlight() || wanted !== (sent ?? wanted));
    },
    /** Whether no kernel acknowledged the last request. */
    get silent(): boolean {
      return silent;
    },
    ask(changes: Partial<PerturbationRequest>): void {
      wanted = { ...wanted, ...changes };
      send();
      onUpdate();
    },
  };
}
