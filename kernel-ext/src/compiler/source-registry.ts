import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";

/** A place in a source as its author sees it. Lines and columns count from 1. */
export interface SourcePlace {
  line: number;
  column: number;
  /** The source's lines. */
  lines: readonly string[];
}

interface Source {
  text: string;
  sourceMap: string;
  /** Lines of the compiled code before those that the map knows. */
  prologueLines: number;
  /** Read from `sourceMap` when it is first needed. */
  map?: TraceMap;
}

/** Functions of older cells may still run, but a notebook that runs for weeks must not keep all of its texts. */
const maxSources = 1000;

/** What compiled scripts were made of, by the name that stack traces give them. */
export class SourceRegistry {
  readonly #sources = new Map<string, Source>();

  add(name: string, text: string, sourceMap: string, prologueLines = 0): void {
    this.#sources.delete(name);
    this.#sources.set(name, { text, sourceMap, prologueLines });
    const [oldest] = this.#sources.keys();
    if (this.#sources.size > maxSources && oldest !== undefined) this.#sources.delete(oldest);
  }

  /** The source's lines. */
  linesOf(name: string): readonly string[] | undefined {
    return this.#sources.get(name)?.text.split("\n");
  }

  /** @param line of the compiled script, from 1, like `column` */
  locate(name: string, line: number, column: number): SourcePlace | undefined {
    const source = this.#sources.get(name);
    if (!source) return undefined;
    source.map ??= new TraceMap(source.sourceMap);
    const wanted = { line: line - source.prologueLines, column: column - 1 };
    if (wanted.line < 1) return undefined;
    const found = originalPositionFor(source.map, wanted);
    if (found.line === null) return undefined;
    return { line: found.line, column: found.column + 1, lines: source.text.split("\n") };
  }
}

/** Of this process. */
export const compiledSources = new SourceRegistry();
