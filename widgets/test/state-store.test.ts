import { expect, test, vi } from "vitest";
import { StateStore } from "../src/shared/state-store.js";

test("a change reaches every subscriber with its source, merged into the state", () => {
  const store = new StateStore({ left: 1, right: "a" });
  const listener = vi.fn();
  store.subscribe(listener);
  store.set({ left: 2 });
  store.set({ right: "b" }, "view");
  expect(listener.mock.calls).toEqual([
    [{ left: 2 }, "kernel"],
    [{ right: "b" }, "view"],
  ]);
  expect(store.get()).toEqual({ left: 2, right: "b" });
});

test("values that are already set are left out, and nobody is told when none is new", () => {
  const store = new StateStore({ left: 1, right: 1 });
  const listener = vi.fn();
  store.subscribe(listener);
  store.set({ left: 1 }, "view");
  expect(listener).not.toHaveBeenCalled();
  store.set({ left: 1, right: 2 });
  expect(listener).toHaveBeenCalledExactlyOnceWith({ right: 2 }, "kernel");
});

test("a state once read does not change", () => {
  const store = new StateStore({ value: 1 });
  const before = store.get();
  store.set({ value: 2 });
  expect(before.value).toBe(1);
});

test("a subscription ends, also from within its own call", () => {
  const store = new StateStore({ value: 0 });
  const other = vi.fn();
  const once = vi.fn(() => unsubscribe());
  const unsubscribe = store.subscribe(once);
  store.subscribe(other);
  store.set({ value: 1 });
  store.set({ value: 2 });
  expect(once).toHaveBeenCalledTimes(1);
  expect(other).toHaveBeenCalledTimes(2);
});
