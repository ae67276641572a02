import ts from "typescript";
import { type Call, callWithoutReceiver, isCall } from "./calls.js";
import { checkpointedAwait, checkpointedChain, checkpointedLoop } from "./checkpoints.js";
import {
  findHoistedVariables,
  isAmbient,
  isVar,
  kindOfList,
  namesOfBinding,
  startsScope,
} from "./declarations.js";
import { isWithoutName, withName } from "./default-exports.js";
import { type Assignments, toAssignmentTarget } from "./destructuring.js";
import { countMembers } from "./enums.js";
import { importCall, toImportStatement } from "./imports.js";
import { findLastValue, lastValueName } from "./last-value.js";
import { giveName, keyOf, namingOperators, skipOuter } from "./naming.js";
import { createResolver, type NotebookNames } from "./references.js";

/** By which the converted code reaches the kernel. */
export interface RuntimeNames {
  /** The `CellRuntime`. */
  cells: string;
  /** Its `scope`, the object that holds the notebook's variables. */
  scope: string;
  /** tslab's `exports`, which take the cell's value. */
  exports: string;
}

/**
 * Makes a cell's top-level names properties of the notebook's scope, so that later cells find them and may declare them
 * anew: `const a = b + 1` becomes `$scope.a = $scope.b + 1`. Imports become dynamic ones, every `await` waits through a
 * checkpoint that an interrupt can stop, and the value of a last expression is kept for display.
 */
export function rewriteCell(
  notebook: NotebookNames,
  names: RuntimeNames,
): ts.TransformerFactory<ts.SourceFile> {
  return (context) => (file) => new Rewriter(notebook, names, context).rewrite(file);
}

class Rewriter {
  readonly #notebook: NotebookNames;
  readonly #names: RuntimeNames;
  readonly #context: ts.TransformationContext;
  readonly #factory: ts.NodeFactory;
  readonly #resolve: ReturnType<typeof createResolver>;
  readonly #assignments: Assignments;
  /** Whether `var` declares a variable of the cell at the place that is being visited. */
  #ofCell = true;

  constructor(notebook: NotebookNames, names: RuntimeNames, context: ts.TransformationContext) {
    this.#notebook = notebook;
    this.#names = names;
    this.#context = context;
    this.#factory = context.factory;
    this.#resolve = createResolver(notebook);
    this.#assignments = {
      factory: this.#factory,
      target: (name) => this.#property(name.text, name),
      visit: (node) => this.#visitExpression(node),
      value: (initializer, name) => this.#valueOf(initializer, name),
    };
  }

  rewrite(file: ts.SourceFile): ts.SourceFile {
    const imports: ts.Statement[] = [];
    const functions: ts.Statement[] = [];
    const statements: ts.Statement[] = [];
    const lastValue = findLastValue(file);
    for (const statement of file.statements) {
      if (isAmbient(statement)) continue;
      if (ts.isImportDeclaration(statement)) {
        imports.push(...this.#some(toImportStatement(statement, this.#identifier("cells"), this.#factory)));
      } else if (ts.isFunctionDeclaration(statement)) {
        // Functions are there before everything else of their cell.
        statements.push(this.#visit(statement) as ts.Statement);
        if (statement.name && statement.body) functions.push(this.#keep(statement.name));
      } else {
        statements.push(...this.#rewriteStatement(statement, statement === lastValue));
      }
    }
    const variables = this.#declareVariables(file);
    return this.#factory.updateSourceFile(file, [...variables, ...functions, ...imports, ...statements]);
  }

  /** `$scope.x = void 0;` for `var x` that a later statement may set or not. */
  #declareVariables(file: ts.SourceFile): ts.Statement[] {
    const factory = this.#factory;
    return [...findHoistedVariables(file)].map((name) => {
      const property = factory.createPropertyAccessExpression(this.#identifier("scope"), name);
      return factory.createExpressionStatement(factory.createAssignment(property, factory.createVoidZero()));
    });
  }

  #rewriteStatement(statement: ts.Statement, isLast: boolean): ts.Statement[] {
    const factory = this.#factory;
    if (ts.isExpressionStatement(statement) || ts.isExportAssignment(statement)) {
      const value = this.#visitExpression(statement.expression);
      if (!isLast) return [factory.createExpressionStatement(value)];
      const kept = factory.createPropertyAccessExpression(this.#identifier("exports"), lastValueName);
      return [this.#assign(kept, value, statement)];
    }
    if (ts.isVariableStatement(statement)) return this.#rewriteVariables(statement);
    if (ts.isExportDeclaration(statement)) return [];
    if (ts.isImportEqualsDeclaration(statement)) return this.#some(this.#rewriteImportEquals(statement));
    const visited = ts.visitNode(statement, (node) => this.#visit(node)) as ts.Statement | undefined;
    if (!visited) return [];
    if (ts.isClassDeclaration(statement) || ts.isEnumDeclaration(statement)) {
      return statement.name ? [visited, this.#keep(statement.name)] : [visited];
    }
    if (ts.isModuleDeclaration(statement) && ts.isIdentifier(statement.name)) {
      const guarded = factory.createTypeOfExpression(statement.name);
      const exists = factory.createStrictInequality(guarded, factory.createStringLiteral("undefined"));
      // A namespace of types alone leaves nothing behind.
      return [visited, factory.createIfStatement(exists, this.#keep(statement.name))];
    }
    return [visited];
  }

  /** `const a = 1, { b } = c` as two assignments. */
  #rewriteVariables(statement: ts.VariableStatement): ts.Statement[] {
    const { declarationList } = statement;
    if (kindOfList(declarationList) === "using")
      return [ts.visitNode(statement, (node) => this.#visit(node)) as ts.Statement];
    const { declarations } = declarationList;
    const assignments = declarations.flatMap((declaration) => {
      const assignment = this.#toAssignment(declaration, isVar(declarationList));
      const range = declarations.length === 1 ? statement : declaration;
      return assignment ? [ts.setTextRange(this.#factory.createExpressionStatement(assignment), range)] : [];
    });
    return assignments.length > 0 ? assignments : [this.#factory.createEmptyStatement()];
  }

  /** Nothing for `var x`, which leaves a value as it is. */
  #toAssignment(
    { name, initializer }: ts.VariableDeclaration,
    declaredByVar: boolean,
  ): ts.Expression | undefined {
    if (!initializer && declaredByVar) return undefined;
    const target = toAssignmentTarget(name, this.#assignments);
    const value = initializer ? this.#valueOf(initializer, name) : this.#factory.createVoidZero();
    return this.#factory.createAssignment(target, value);
  }

  #valueOf(initializer: ts.Expression, name: ts.BindingName): ts.Expression {
    const value = this.#visitExpression(initializer);
    return ts.isIdentifier(name) ? giveName(name.text, initializer, value, this.#factory) : value;
  }

  #rewriteImportEquals(statement: ts.ImportEqualsDeclaration): ts.Statement | undefined {
    if (statement.isTypeOnly) return undefined;
    const { moduleReference, name } = statement;
    const factory = this.#factory;
    const value = ts.isExternalModuleReference(moduleReference)
      ? factory.createCallExpression(factory.createIdentifier("require"), undefined, [
          moduleReference.expression,
        ])
      : this.#entityValue(moduleReference);
    return this.#assign(this.#property(name.text, name), value, statement);
  }

  /** `A?.B` for `A.B` of `import x = A.B`: where all of that is types, nothing is there. */
  #entityValue(name: ts.EntityName): ts.Expression {
    if (ts.isIdentifier(name)) {
      const { declarations, known } = this.#notebook;
      return declarations.has(name.text) || known.has(name.text) ? this.#property(name.text, name) : name;
    }
    const factory = this.#factory;
    const isThere = factory.createToken(ts.SyntaxKind.QuestionDotToken);
    return factory.createPropertyAccessChain(this.#entityValue(name.left), isThere, name.right);
  }

  #visitExpression(node: ts.Expression): ts.Expression {
    return this.#visit(node) as ts.Expression;
  }

  #visit(node: ts.Node): ts.VisitResult<ts.Node | undefined> {
    if (isExport(node)) return undefined;
    if (isWithoutName(node)) return withName(this.#visitChildren(node) as typeof node, this.#factory);
    if (ts.isExpressionWithTypeArguments(node)) return isImplemented(node) ? node : this.#visitChildren(node);
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))
      return node;
    if (ts.isIdentifier(node)) return this.#visitIdentifier(node);
    if (ts.isShorthandPropertyAssignment(node)) return this.#visitShorthand(node);
    if (isCall(node)) return this.#visitCall(node);
    if (ts.isEnumDeclaration(node))
      return countMembers(this.#visitChildren(node) as typeof node, this.#factory);
    if (ts.isTypeOfExpression(node)) return this.#visitTypeOf(node);
    if (ts.isBinaryExpression(node)) return this.#visitBinary(node);
    if (ts.isAwaitExpression(node)) {
      const awaited = this.#visitExpression(node.expression);
      return checkpointedAwait(node, awaited, this.#identifier("cells"), this.#factory);
    }
    if (ts.isForOfStatement(node) && node.awaitModifier) {
      const visited = this.#visitChildren(node) as ts.ForOfStatement;
      return checkpointedLoop(node, visited, this.#identifier("cells"), this.#factory);
    }
    if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) {
      return this.#factory.createPropertyAccessExpression(this.#identifier("cells"), "meta");
    }
    if (ts.isVariableStatement(node) && this.#isVarOfCell(node.declarationList)) {
      return this.#rewriteVariables(node);
    }
    if (ts.isVariableDeclarationList(node) && this.#isVarOfCell(node)) return this.#visitVarOfLoop(node);
    return this.#visitChildren(node);
  }

  #visitChildren(node: ts.Node): ts.Node {
    const before = this.#ofCell;
    if (startsScope(node)) this.#ofCell = false;
    const visited = ts.visitEachChild(node, (child) => this.#visit(child), this.#context);
    this.#ofCell = before;
    return visited;
  }

  #visitIdentifier(node: ts.Identifier): ts.Expression {
    const target = this.#resolve(node);
    if (target === "other") return node;
    if (target === "notebook") return this.#property(node.text, node);
    const late = this.#factory.createPropertyAccessExpression(this.#identifier("cells"), "late");
    return ts.setTextRange(this.#factory.createPropertyAccessExpression(late, node.text), node);
  }

  /** `typeof x` is no error where there is no `x`: `"x" in $cells.late ? typeof $cells.late.x : "undefined"` */
  #visitTypeOf(node: ts.TypeOfExpression): ts.Node {
    const visited = this.#visitChildren(node) as ts.TypeOfExpression;
    const name = skipOuter(node.expression);
    if (!ts.isIdentifier(name) || this.#resolve(name) !== "later") return visited;
    const factory = this.#factory;
    const late = factory.createPropertyAccessExpression(this.#identifier("cells"), "late");
    const exists = factory.createBinaryExpression(
      factory.createStringLiteral(name.text),
      ts.SyntaxKind.InKeyword,
      late,
    );
    const absent = factory.createStringLiteral("undefined");
    return factory.createParenthesizedExpression(
      factory.createConditionalExpression(exists, undefined, visited, undefined, absent),
    );
  }

  /** `f = () => 1` names the function. */
  #visitBinary(node: ts.BinaryExpression): ts.Node {
    const visited = this.#visitChildren(node) as ts.BinaryExpression;
    if (!ts.isIdentifier(node.left) || visited.left === node.left) return visited;
    if (!namingOperators.has(node.operatorToken.kind)) return visited;
    const value = giveName(node.left.text, node.right, visited.right, this.#factory);
    return this.#factory.updateBinaryExpression(visited, visited.left, visited.operatorToken, value);
  }

  #visitShorthand(node: ts.ShorthandPropertyAssignment): ts.Node {
    const value = this.#visitIdentifier(node.name);
    const initializer = node.objectAssignmentInitializer;
    if (value === node.name) {
      return initializer
        ? this.#factory.updateShorthandPropertyAssignment(node, node.name, this.#visitExpression(initializer))
        : node;
    }
    const key = keyOf(node.name.text, this.#factory);
    const whole = initializer
      ? this.#factory.createAssignment(value, this.#valueOf(initializer, node.name))
      : value;
    return ts.setTextRange(this.#factory.createPropertyAssignment(key, whole), node);
  }

  #visitCall(node: Call): ts.Node {
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const args = node.arguments.map((argument) => this.#visitExpression(argument));
      return ts.setTextRange(importCall(args, this.#identifier("cells"), this.#factory), node);
    }
    const visited = callWithoutReceiver(node, this.#visitChildren(node) as Call, this.#factory);
    return checkpointedChain(visited, this.#identifier("cells"), this.#factory);
  }

  /** `for (var i = 0, j = 1; ...)` and `for (var x of xs)`. */
  #visitVarOfLoop(node: ts.VariableDeclarationList): ts.Node | undefined {
    const { parent } = node;
    const isTarget = ts.isForOfStatement(parent) || ts.isForInStatement(parent);
    const expressions = node.declarations.flatMap(
      (declaration) =>
        (isTarget
          ? toAssignmentTarget(declaration.name, this.#assignments)
          : this.#toAssignment(declaration, true)) ?? [],
    );
    if (expressions.length === 0) return undefined;
    return expressions.reduce((all, expression) => this.#factory.createComma(all, expression));
  }

  #isVarOfCell(list: ts.VariableDeclarationList): boolean {
    if (!this.#ofCell || !isVar(list)) return false;
    const { declarations } = this.#notebook;
    return list.declarations.some(({ name }) => namesOfBinding(name).some((text) => declarations.has(text)));
  }

  /** `$scope.f = f;` */
  #keep(name: ts.Identifier): ts.Statement {
    const local = this.#factory.createIdentifier(name.text);
    return this.#assign(this.#property(name.text, name), local, name);
  }

  #assign(target: ts.Expression, value: ts.Expression, range: ts.Node): ts.Statement {
    const assignment = this.#factory.createAssignment(target, value);
    return ts.setTextRange(this.#factory.createExpressionStatement(assignment), range);
  }

  #property(name: string, range: ts.Node): ts.PropertyAccessExpression {
    const property = this.#factory.createPropertyAccessExpression(this.#identifier("scope"), name);
    return ts.setTextRange(property, range);
  }

  #identifier(which: keyof RuntimeNames): ts.Identifier {
    return this.#factory.createIdentifier(this.#names[which]);
  }

  #some<Item>(item: Item | undefined): Item[] {
    return item === undefined ? [] : [item];
  }
}

/** The words before a declaration: a cell's names are there for later cells in any case. */
function isExport({ kind, parent }: ts.Node): boolean {
  const isWord = kind === ts.SyntaxKind.ExportKeyword || kind === ts.SyntaxKind.DefaultKeyword;
  return isWord && ts.isStatement(parent) && ts.isSourceFile(parent.parent);
}

function isImplemented({ parent }: ts.ExpressionWithTypeArguments): boolean {
  return ts.isHeritageClause(parent) && parent.token === ts.SyntaxKind.ImplementsKeyword;
}
