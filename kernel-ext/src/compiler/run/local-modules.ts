import { readFileSync } from "node:fs";
import path from "node:path";
import { types } from "node:util";
import vm from "node:vm";
import { toCellDiagnostic } from "../check/diagnostics.js";
import { convertModule, modulePrologueLines } from "../convert/convert-module.js";
import { notebookFolder } from "../notebook-folder.js";
import type { SourceRegistry } from "../source-registry.js";
import { stampOf } from "../stamp-of.js";
import { TypeScriptError } from "../type-script-error.js";
import { runtimeExpression } from "./cell-runtime.js";
import { describeFile } from "./describe-file.js";
import { importPackage } from "./import-package.js";
import { JsonFiles } from "./json-files.js";
import { findTypeScriptFile } from "./local-files.js";

interface LocalModule {
  stamp: string;
  module: vm.SourceTextModule;
  /** Local TypeScript files that it imports. */
  imports: Set<string>;
}

export interface LocalModulesOptions {
  sources: SourceRegistry;
  protect: <Result>(work: () => Result) => Result;
  /** Gets what is imported that is no local file. */
  onImport: (exports: object) => void;
}

/**
 * Local TypeScript files as ES modules of their own: Node's loader would need another thread to compile them, and would
 * never load a file again. These are made anew when they, or what they import, have changed.
 */
export class LocalModules {
  readonly #sources: SourceRegistry;
  readonly #protect: LocalModulesOptions["protect"];
  readonly #onImport: LocalModulesOptions["onImport"];
  readonly #modules = new Map<string, LocalModule>();
  readonly #jsonFiles = new JsonFiles();
  /** Two cells that import at a time must not link a module at a time. */
  #linking: Promise<unknown> = Promise.resolve();

  constructor({ sources, protect, onImport }: LocalModulesOptions) {
    this.#sources = sources;
    this.#protect = protect;
    this.#onImport = onImport;
  }

  /** `import(specifier)` as from a file in `folder`: of a local TypeScript or JSON file, else Node's. */
  async import(specifier: string, options?: ImportCallOptions, folder = notebookFolder): Promise<object> {
    const file = findTypeScriptFile(specifier, folder);
    if (!file)
      return this.#jsonFiles.find(specifier, folder) ?? this.#importPackage(specifier, folder, options);
    try {
      const module = await this.#loadLinked(file);
      await module.evaluate();
      return module.namespace;
    } catch (error) {
      // Not kept half-done: the next import tries again.
      this.#forget(({ module }) => ["unlinked", "linking", "errored"].includes(module.status));
      throw error;
    }
  }

  async #importPackage(specifier: string, folder: string, options?: ImportCallOptions): Promise<object> {
    const exports = await importPackage(specifier, folder, options);
    this.#onImport(exports);
    return exports;
  }

  #loadLinked(file: string): Promise<vm.Module> {
    const linked = this.#linking.then(async () => {
      this.#forget(({ stamp }, name) => stampOf(name) !== stamp);
      const { module } = this.#load(file);
      if (module.status === "unlinked") await module.link((name, from) => this.#link(name, from));
      return module;
    });
    this.#linking = linked.catch(() => {});
    return linked;
  }

  /** Drops modules, and those that import them. */
  #forget(isMeant: (module: LocalModule, file: string) => boolean): void {
    const dropped = new Set<string>();
    for (const [file, module] of this.#modules) if (isMeant(module, file)) dropped.add(file);
    for (let before = -1; before !== dropped.size; ) {
      before = dropped.size;
      for (const [file, { imports }] of this.#modules) {
        if ([...imports].some((imported) => dropped.has(imported))) dropped.add(file);
      }
    }
    for (const file of dropped) this.#modules.delete(file);
  }

  #load(file: string): LocalModule {
    const known = this.#modules.get(file);
    if (known) return known;
    const [stamp, text] = [stampOf(file), readFileSync(file, "utf8")];
    const { javascript, sourceMap, diagnostics } = this.#protect(() =>
      convertModule(text, file, runtimeExpression),
    );
    const place = { cellFile: "", codeLength: 0, directory: notebookFolder };
    const errors = diagnostics.flatMap((diagnostic) => toCellDiagnostic(diagnostic, place) ?? []);
    if (errors.length > 0) throw new TypeScriptError(errors);
    const folder = path.dirname(file);
    const module = new vm.SourceTextModule(javascript, {
      identifier: file,
      initializeImportMeta: (meta) => Object.assign(meta, describeFile(file)),
      importModuleDynamically: async (name, _script, attributes) => {
        const options = Object.keys(attributes).length > 0 ? { with: attributes } : undefined;
        return toModule(name, await this.import(name, options as ImportCallOptions, folder));
      },
    });
    this.#sources.add(file, text, sourceMap, modulePrologueLines);
    const loaded = { stamp, module, imports: new Set<string>() };
    this.#modules.set(file, loaded);
    return loaded;
  }

  async #link(specifier: string, from: vm.Module): Promise<vm.Module> {
    const folder = path.dirname(from.identifier);
    const file = findTypeScriptFile(specifier, folder);
    if (!file) return wrapNamespace(specifier, await this.import(specifier, undefined, folder));
    this.#modules.get(from.identifier)?.imports.add(file);
    return this.#load(file).module;
  }
}

/** What Node wants of a dynamic import: a module, or the namespace of one. */
async function toModule(identifier: string, namespace: object): Promise<vm.Module> {
  if (types.isModuleNamespaceObject(namespace)) return namespace as vm.Module;
  const module = wrapNamespace(identifier, namespace);
  await module.link(() => module);
  await module.evaluate();
  return module;
}

/** A module that Node has loaded, for one that it has not. */
function wrapNamespace(identifier: string, namespace: object): vm.Module {
  const values = Object.entries(namespace);
  const names = values.map(([name]) => name);
  return new vm.SyntheticModule(
    names,
    function () {
      for (const [name, value] of values) this.setExport(name, value);
    },
    { identifier },
  );
}
