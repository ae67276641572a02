import path from "node:path";
import ts from "typescript";
import { stampOf } from "../stamp-of.js";

const modulesFolder = /[\\/]node_modules[\\/]/;

interface VirtualFile {
  text: string;
  snapshot: ts.IScriptSnapshot;
  version: number;
}

/**
 * What TypeScript's language service reads: virtual files, and the disk. What is in `node_modules` is looked up once,
 * since a program with TensorFlow.js has 750 files that do not change; local files are looked at before every question.
 */
export class LanguageHost implements ts.LanguageServiceHost {
  readonly #directory: string;
  readonly #options: ts.CompilerOptions;
  readonly #virtual = new Map<string, VirtualFile>();
  /** Local files that have been read, by their modification time. */
  readonly #local = new Map<string, { stamp: string; snapshot: ts.IScriptSnapshot | undefined }>();
  readonly #lookUps = new LookUps();
  #version = 0;
  /** Whether imports that were resolved, or were not, are to be resolved anew. */
  #forgotten = false;

  constructor(directory: string, options: ts.CompilerOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  write(name: string, text: string): void {
    const before = this.#virtual.get(name);
    if (before?.text === text) return;
    const snapshot = ts.ScriptSnapshot.fromString(text);
    this.#virtual.set(name, { text, snapshot, version: (before?.version ?? 0) + 1 });
    this.#version++;
  }

  /** Writes files with numbers in their names, in place of those of that kind that were there. */
  writeAll(stem: string, extension: string, texts: readonly string[]): void {
    const names = texts.map((_, index) => `${stem}${index}${extension}`);
    for (const name of this.#virtual.keys()) {
      if (!name.startsWith(stem) || names.includes(name)) continue;
      this.#virtual.delete(name);
      this.#version++;
    }
    names.forEach((name, index) => {
      this.write(name, texts[index] ?? "");
    });
  }

  /** Notices which local files have changed, appeared or gone. */
  refresh(): void {
    this.#forgotten = false;
    for (const [name, { stamp }] of this.#local) {
      if (stampOf(name) === stamp) continue;
      this.#local.delete(name);
      this.#version++;
    }
    this.#lookUps.forgetLocal();
  }

  /** Looks everything up anew: a package may have been installed meanwhile. */
  forget(): void {
    this.#lookUps.forget();
    this.#forgotten = true;
    this.#version++;
  }

  hasInvalidatedResolutions = () => this.#forgotten;

  /** The program stays as it is while this does. */
  getProjectVersion = () => String(this.#version);
  getScriptFileNames = () => [...this.#virtual.keys()];
  getCompilationSettings = () => this.#options;
  getCurrentDirectory = () => this.#directory;
  getDefaultLibFileName = (options: ts.CompilerOptions) => ts.getDefaultLibFilePath(options);
  useCaseSensitiveFileNames = () => ts.sys.useCaseSensitiveFileNames;

  getScriptVersion = (name: string): string => {
    const virtual = this.#virtual.get(name);
    if (virtual) return String(virtual.version);
    return modulesFolder.test(name) ? this.#lookUps.stamp(name) : (this.#local.get(name)?.stamp ?? "unread");
  };

  getScriptSnapshot = (name: string): ts.IScriptSnapshot | undefined => {
    const virtual = this.#virtual.get(name);
    if (virtual) return virtual.snapshot;
    return modulesFolder.test(name) ? this.#lookUps.snapshot(name) : this.#readLocal(name);
  };

  fileExists = (name: string) => this.#virtual.has(name) || this.#lookUps.fileExists(name);
  readFile = (name: string) => this.#virtual.get(name)?.text ?? ts.sys.readFile(name);
  directoryExists = (name: string) => this.#lookUps.directoryExists(name);
  getDirectories = (name: string) => this.#lookUps.directories(name);
  realpath = (name: string) => (this.#virtual.has(name) ? name : this.#lookUps.realpath(name));
  readDirectory = (...args: Parameters<typeof ts.sys.readDirectory>) => ts.sys.readDirectory(...args);

  #readLocal(name: string): ts.IScriptSnapshot | undefined {
    const known = this.#local.get(name);
    if (known) return known.snapshot;
    const read = { stamp: stampOf(name), snapshot: readSnapshot(name) };
    this.#local.set(name, read);
    return read.snapshot;
  }
}

/** Answers of the file system, kept: those about `node_modules` until told otherwise, others until the next question. */
class LookUps {
  readonly #ofModules = new Map<string, unknown>();
  readonly #ofLocal = new Map<string, unknown>();

  forget(): void {
    this.#ofModules.clear();
    this.#ofLocal.clear();
  }

  forgetLocal(): void {
    this.#ofLocal.clear();
  }

  fileExists = (name: string) => this.#ask("file", name, ts.sys.fileExists);
  directoryExists = (name: string) => this.#ask("directory", name, ts.sys.directoryExists);
  directories = (name: string) => this.#ask("directories", name, ts.sys.getDirectories);
  realpath = (name: string) => this.#ask("realpath", name, (file) => ts.sys.realpath?.(file) ?? file);
  stamp = (name: string) => this.#ask("stamp", name, stampOf);
  snapshot = (name: string) => this.#ask("snapshot", name, readSnapshot);

  #ask<Answer>(question: string, name: string, look: (name: string) => Answer): Answer {
    const isModule = modulesFolder.test(name) || path.basename(name) === "node_modules";
    const answers = isModule ? this.#ofModules : this.#ofLocal;
    const key = `${question}:${name}`;
    if (answers.has(key)) return answers.get(key) as Answer;
    const answer = look(name);
    answers.set(key, answer);
    return answer;
  }
}

function readSnapshot(name: string): ts.IScriptSnapshot | undefined {
  const text = ts.sys.readFile(name);
  return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
}
