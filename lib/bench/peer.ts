import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import readline from "node:readline";

/** A process that answers one JSON line with another: `worker.ts` or `reference.py`. */
export class Peer {
  private readonly child: ChildProcess;
  private readonly answers: AsyncIterator<string>;
  /** The end of what it wrote on standard error, for messages. */
  private errors = "";
  private failure: Error | undefined;

  constructor(program: string, args: string[], env: Record<string, string> = {}) {
    this.child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
    this.child.on("error", (error) => {
      this.failure = error;
    });
    this.child.stdin?.on("error", () => {}); // a process that has died is noticed by its missing answer
    this.child.stderr?.on("data", (chunk) => {
      this.errors = (this.errors + chunk).slice(-4000);
    });
    const lines = readline.createInterface({ input: this.child.stdout as NodeJS.ReadableStream });
    this.answers = lines[Symbol.asyncIterator]();
  }

  /**
   * @param limitMs after which the process is ended
   * @throws Error with what the process says, or the end of what it printed when it died
   */
  async ask<Answer>(request: object, limitMs: number): Promise<Answer> {
    this.child.stdin?.write(`${JSON.stringify(request)}\n`);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.child.kill("SIGKILL");
    }, limitMs);
    const { value, done } = await this.answers.next();
    clearTimeout(timer);
    if (late) throw new Error(`no answer within ${Math.round(limitMs / 1000)} s`);
    if (done) throw this.failure ?? new Error(`the process ended: ${this.errors.trim().slice(-1500)}`);
    const answer = JSON.parse(value);
    if (answer.error) throw new Error(answer.error);
    return answer;
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null || this.failure) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGKILL");
    await ended;
  }
}
