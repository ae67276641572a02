import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { describeDeath, type OutOfMemoryCount, readOutOfMemoryCount } from "../src/witness/describe-death.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "latentlab-root-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(file: string, text: string): string {
  const full = path.join(root, file);
  mkdirSync(path.dirname(full), { recursive: true });
  writeFileSync(full, text);
  return full;
}

const count = (scope: OutOfMemoryCount["scope"], count: number) => ({ scope, count });

it.each([
  "terminate called after throwing an instance of 'std::bad_alloc'",
  "OSError: Cannot allocate memory",
  "RangeError: Array buffer allocation failed",
])("knows that native code ran out of memory: %s", (lastWords) => {
  const said = describeDeath(write("stderr", lastWords), count("group", 0), count("group", 0));
  expect(said).toContain("The kernel ran out of memory and has ended");
  expect(said).toContain("outside of JavaScript's heap");
});

it("knows that the system has ended a process of the kernel's own group", () => {
  const said = describeDeath(undefined, count("group", 1), count("group", 2));
  expect(said).toMatch(/^The system ran out of memory and has ended the kernel/);
});

it("is less sure where the whole machine is counted", () => {
  const said = describeDeath(undefined, count("machine", 1), count("machine", 2));
  expect(said).toMatch(/^The system ran out of memory and has probably ended the kernel/);
});

it("says no more than the last words where nothing tells of memory", () => {
  const said = describeDeath(write("stderr", "assertion failed\n"), count("group", 1), count("group", 1));
  expect(said).toMatch(/^The kernel's process ended unexpectedly/);
  expect(said).toContain("assertion failed");
  expect(said).not.toContain("memory");
});

it("counts in the kernel's own control group, else on the machine", () => {
  expect(readOutOfMemoryCount(root)).toEqual(count("machine", 0));
  write("proc/vmstat", "nr_free_pages 1\noom_kill 7\nswap_ra 0\n");
  expect(readOutOfMemoryCount(root)).toEqual(count("machine", 7));
  write("proc/self/cgroup", "0::/user.slice/jupyter.scope\n");
  expect(readOutOfMemoryCount(root)).toEqual(count("machine", 7));
  write("sys/fs/cgroup/user.slice/jupyter.scope/memory.events", "oom 3\noom_kill 2\noom_group_kill 0\n");
  expect(readOutOfMemoryCount(root)).toEqual(count("group", 2));
});
