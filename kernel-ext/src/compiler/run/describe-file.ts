import { createRequire, isBuiltin } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** What `import.meta` says of a file. */
export function describeFile(file: string): Partial<ImportMeta> {
  const { href: url } = pathToFileURL(file);
  const require = createRequire(file);
  return {
    url,
    filename: file,
    dirname: path.dirname(file),
    resolve(specifier) {
      if (isBuiltin(specifier)) return specifier.startsWith("node:") ? specifier : `node:${specifier}`;
      if (/^(\.{0,2}\/|[a-z]+:)/.test(specifier)) return new URL(specifier, url).href;
      return pathToFileURL(require.resolve(specifier)).href;
    },
  };
}
