import { expect, it } from "vitest";
import { declaredNames, keepAssigned } from "../src/compiler/declarations.js";

const declarations = `import * as fs from "fs";
declare const a = 1, b = "x";
declare let late: number;
declare function f(x: number): number;
declare class A {
    y: number;
}
declare class Unreached {
}
interface I {
    z: number;
}
type T = 5;
`;

it("keeps types, imports, functions, and of the rest what has a value", () => {
  const kept = keepAssigned(declarations, (name) => ["b", "A"].includes(name));
  expect(kept).toContain('import * as fs from "fs";');
  expect(kept).toContain('declare const b = "x";');
  expect(kept).toContain("declare function f(x: number): number;");
  expect(kept).toMatch(/declare class A \{\s+y: number;\s+\}/);
  expect(kept).toContain("interface I");
  expect(kept).toContain("type T = 5;");
  expect(kept).not.toMatch(/\ba = 1|late|Unreached/);
});

it("lists what is declared", () => {
  expect([...declaredNames(declarations)]).toEqual(["a", "b", "late", "A", "Unreached"]);
});
