import { KernelError } from "../base/kernel-error.js";
import { findKernelSession } from "../session/kernel-session.js";

/**
 * Asks the reader for a line of text.
 *
 * @throws KernelError `ERR_STDIN_UNAVAILABLE` where nobody can answer; KeyboardInterrupt when the cell is interrupted
 */
export function input(prompt = ""): Promise<string> {
  return ask(prompt, false);
}

/** The same as {@link input} for a secret: it is not shown while it is typed. */
export function password(prompt = ""): Promise<string> {
  return ask(prompt, true);
}

async function ask(prompt: string, secret: boolean): Promise<string> {
  const session = findKernelSession();
  if (!session)
    throw new KernelError("ERR_KERNEL_ABSENT", "Input needs a notebook: run this in a notebook's cell.");
  return session.readInput(prompt, secret);
}
