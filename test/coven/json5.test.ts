import { expect, it } from 'vitest';
import { brokenLine } from '../../src/coven/json5.ts';

/** What Coven 0.4.6 takes for its settings. */
const taken = [
  '{}',
  '\uFEFF{}',
  "{'a':1}",
  '{a:1}',
  '{"a":[1,2,]}',
  '{"a":1} // x',
  '// c\n{/* x **/ "privacy": {},}',
  '{"a":+1,b:.5,c:NaN,d:0x10,e:-Infinity,f:1e3}',
  '{"a":"x\\\ny"}',
  '{"a":"\\q"}',
  '{"a":1,"a":2}',
];

/** What it ignores, and the line where that is told. */
const ignored: readonly (readonly [text: string, line: number])[] = [
  ['', 1],
  ['[]', 1],
  ['null', 1],
  ['{ "privacy": {"log_retention_days": 5', 1],
  ['{"privacy": [}}', 1],
  ['// note\n{ "repos" ', 2],
  ['{"a":1,,}', 1],
  ['{"a":1} x', 1],
  ['{"a":1}}', 1],
  ['{"a":"x\ny"}', 1],
  ['{"a":"x}', 1],
  ['{"a" 1}', 1],
  ['{"a":1 "b":2}', 1],
  ['{"a":01}', 1],
  ['{"a":tru}', 1],
  ['# c\n{}', 1],
  ['{"a":1 /* open', 1],
];

it.each(taken)('%j is taken', (text) => expect(brokenLine(text)).toBeNull());
it.each(ignored)('%j is ignored', (text, line) => expect(brokenLine(text)).toBe(line));

it('takes a text that is as long as settings may be in no time', () => {
  expect(brokenLine(`{"a":${'['.repeat(500_000)}`)).toBe(1);
  expect(brokenLine(`{${'/*'.repeat(500_000)}`)).toBe(1);
});
