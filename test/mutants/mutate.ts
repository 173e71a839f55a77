import { parseSync } from 'oxc-parser';

/** One small mistake: the text of the file between two offsets becomes another. */
export interface Mutant {
  readonly file: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly was: string;
  readonly becomes: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

const swaps: Readonly<Record<string, readonly string[]>> = {
  '===': ['!=='],
  '!==': ['==='],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '&': ['|'],
  '|': ['&'],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
};

/** Calls without which a list is another list, by the call that takes their place; '' leaves the list as it is. */
const calls: Readonly<Record<string, string>> = {
  filter: '',
  toSorted: '',
  slice: '',
  some: 'every',
  every: 'some',
  find: 'findLast',
  startsWith: 'endsWith',
  min: 'max',
  max: 'min',
};

/** Words, and the facts and evidence that they are made of; what decides stands outside of them. */
const isWords = (node: Node): boolean =>
  (node.type === 'Property' &&
    ['facts', 'evidence', 'causes', 'title', 'explain', 'summary'].includes(nameOf(node.key))) ||
  (node.type === 'CallExpression' && nameOf(node.callee) === 'from') ||
  saysType(node.returnType) === 'TSStringKeyword' ||
  (node.type === 'VariableDeclarator' && ['facts', 'evidence'].includes(nameOf(node.id)));

/** The kind of type that a function says it returns: one that makes a text decides nothing. */
const saysType = (annotation: unknown): string | undefined =>
  isNode(annotation) && isNode(annotation.typeAnnotation) ? annotation.typeAnnotation.type : undefined;

const nameOf = (node: unknown): string => (isNode(node) && typeof node.name === 'string' ? node.name : '');
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value;

/** Types are gone when the code runs; of what is written about them only the expression is left. */
const transparent = ['TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression'];

/** Every mutant of a file, in the order of its text. */
export function mutantsOf(file: string, source: string): readonly Mutant[] {
  const mutants: Mutant[] = [];
  const add = (node: Node, becomes: string): void => {
    const was = source.slice(node.start, node.end);
    const line = source.slice(0, node.start).split('\n').length;
    mutants.push({ file, line, start: node.start, end: node.end, was, becomes });
  };
  const text = ({ start, end }: Node): string => source.slice(start, end);
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const child of value) visit(child);
    if (!isNode(value)) return;
    if (value.type === 'ImportDeclaration' || isWords(value)) return;
    if (value.type.startsWith('TS') && !transparent.includes(value.type)) return;
    for (const becomes of variantsOf(value, text)) add(value, becomes);
    for (const [field, child] of Object.entries(value)) {
      if (transparent.includes(value.type) && field !== 'expression') continue;
      if (field !== 'typeAnnotation' && field !== 'returnType' && field !== 'typeArguments') visit(child);
    }
  };
  visit(parseSync(file, source).program);
  return mutants;
}

function variantsOf(node: Node, text: (node: Node) => string): readonly string[] {
  const [left, right, test] = [node.left, node.right, node.test] as readonly Node[];
  switch (node.type) {
    case 'BinaryExpression':
    case 'LogicalExpression': {
      if (!left || !right) return [];
      return (swaps[String(node.operator)] ?? []).map((operator) => `(${text(left)}) ${operator} (${text(right)})`);
    }
    case 'UnaryExpression':
      return node.operator === '!' && isNode(node.argument) ? [`!!(${text(node.argument)})`] : [];
    case 'ConditionalExpression': {
      if (!test || !isNode(node.consequent) || !isNode(node.alternate)) return [];
      return [`(${text(node.consequent)})`, `(${text(node.alternate)})`];
    }
    case 'IfStatement': {
      if (!test) return [];
      const rest = text(node).slice(test.end - node.start);
      return [`if (true${rest}`, `if (false${rest}`];
    }
    case 'Literal':
      if (typeof node.value === 'boolean') return [String(!node.value)];
      return typeof node.value === 'number' ? [String(node.value + 1)] : [];
    case 'CallExpression': {
      const { callee } = node;
      if (!isNode(callee) || callee.type !== 'MemberExpression' || !isNode(callee.object)) return [];
      const other = calls[nameOf(callee.property)];
      if (other === undefined) return [];
      const given = text(node).slice(callee.end - node.start);
      return [other === '' ? text(callee.object) : `${text(callee.object)}.${other}${given}`];
    }
    default:
      return [];
  }
}
