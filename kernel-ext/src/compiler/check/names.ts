/** The module that the declarations of earlier cells make up, as cells name it. */
export const notebookModule = "./__notebook__";

/** What the namespaces that cells stand for are called, before their number. */
export const cellPrefix = "__cell";

/** In whatever TypeScript prints, namespaces before names: of which cell, and what name. */
const qualified = new RegExp(
  `(?:import\\("[^"]*__notebook__"\\)\\.|__notebook__\\.)?${cellPrefix}(\\d+)[._](?=([\\p{L}\\p{N}_$]*))`,
  "gu",
);

/**
 * Takes the kernel's namespaces out of a text for readers.
 *
 * @param isOlder whether a name of a cell has been declared anew since: readers are told so
 */
export function withoutNamespaces(
  text: string,
  isOlder: (name: string, cell: number) => boolean = () => false,
): string {
  return text.replace(qualified, (_, cell: string, name: string) =>
    isOlder(name, Number(cell)) ? "older " : "",
  );
}

/** Whether a name of a completion list is one of the kernel's. */
export const isInternalName = (name: string) => /^__(cell|notebook__|augmentation)/.test(name);
