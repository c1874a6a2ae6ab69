import {
  createSourceFile,
  type ExpressionStatement,
  forEachChild,
  isCallExpression,
  isExpressionStatement,
  isIdentifier,
  isVariableStatement,
  type Node,
  ScriptTarget,
  type VariableStatement,
} from 'typescript';

/**
 * The code with every comment `// => …` made true or fatal; it stands behind the statement it speaks of, or below it.
 *
 * - `console.log(a, b); // => 1 2` is what is printed
 * - `await f(); // => throws not yet` is a part of an error's message
 * - `sum(1, 2); // => 3` and `const three = sum(1, 2); // => 3` are values, compared deeply
 *
 * An assertion that is not reached is a failure too. Line numbers stay as they are.
 */
export function withAssertions(code: string): string {
  const statements = statementsOf(code);
  const assertions = [...code.matchAll(/\/\/ => (.+)$/gm)].map(({ index, 0: comment, 1: expected = '' }) => {
    const statement = statements.find((one) => one.end <= index && code.slice(one.end, index).trim() === '');
    if (!statement) throw new Error(`No statement before ${comment}`);
    return { statement, expected };
  });

  let result = code;
  // From the last to the first, so that positions stay right.
  for (const [number, { statement, expected }] of [...assertions.entries()].toReversed()) {
    const asserted = assertion(statement, expected.trim(), code);
    result = `${result.slice(0, statement.getStart())}$reached(${number}); ${asserted}${result.slice(statement.end)}`;
  }
  return `${prelude(assertions.length)}${result}`;
}

type Spoken = ExpressionStatement | VariableStatement;

function assertion(statement: Spoken, expected: string, code: string): string {
  const text = code.slice(statement.getStart(), statement.end);
  if (isVariableStatement(statement)) {
    const { name } = statement.declarationList.declarations[0]!;
    if (!isIdentifier(name)) throw new Error(`${text} has no one name to compare`);
    return `${text} $assert.deepEqual(${name.text}, ${expected});`;
  }
  const { expression } = statement;
  const source = code.slice(expression.getStart(), expression.end);
  if (expected.startsWith('throws ')) {
    const part = JSON.stringify(expected.slice('throws '.length));
    return `await $assert.rejects(async () => ${source}, (error) => String(error).includes(${part}));`;
  }
  if (isCallExpression(expression) && expression.expression.getText() === 'console.log') {
    return `$assert.equal($format${source.slice('console.log'.length)}, ${JSON.stringify(expected)});`;
  }
  return `$assert.deepEqual(${source}, ${expected});`;
}

/** On the first line, before the code's own, under names that nobody uses. */
function prelude(assertions: number): string {
  return [
    `import $assert from 'node:assert/strict'; import { format as $format } from 'node:util';`,
    `const $unreached = new Set(Array.from({ length: ${assertions} }, (_, number) => number));`,
    `const $reached = (number: number) => $unreached.delete(number);`,
    `process.on('exit', () => $assert.deepEqual([...$unreached], [], 'assertions that were not reached'));`,
  ].join(' ');
}

/** Those that can be spoken of, the last one first. */
function statementsOf(code: string): Spoken[] {
  const found: Spoken[] = [];
  const visit = (node: Node): void => {
    if (isExpressionStatement(node) || isVariableStatement(node)) found.push(node);
    forEachChild(node, visit);
  };
  visit(createSourceFile('block.mts', code, ScriptTarget.Latest, true));
  return found.toSorted((one, other) => other.end - one.end);
}
