import { hardware, isStatement } from '../redaction/templates/catalogue.ts';

/* Kinds of text. Of each, the gate passes only what nobody can have chosen freely. */

/** `[time] message`, as Coven writes it. */
export function logLine(line: string, message: (text: string) => string): string {
  if (line.trim() === '') return '';
  if (!stamp.test(line)) return message(line);
  const end = line.indexOf(' ') + 1;
  return line.slice(0, end) + (end === line.length ? '' : message(line.slice(end)));
}
/** Matches to the end of the line. A line with a character such as a carriage return is not one of Coven's. */
const stamp = /^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z\] .*$/;

const time = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z| ?[+-]\d\d:?\d\d)?)?$/;
export const isTime = (text: string): boolean => time.test(text);

/** A time, and what Coven takes for one though it is not written as one: the same instant. */
export function moment(text: string, other: (text: string) => string): string {
  if (isTime(text)) return text;
  const at = Date.parse(text);
  return at >= 0 && at < Date.UTC(2100) ? new Date(at).toISOString() : other(text);
}

/** A statement of Coven's own schema. Any other statement becomes its size and its number of columns. */
export function statement(sql: string, other: (text: string) => string): string {
  if (isStatement(sql)) return sql;
  return `${other(sql)} with ${topLevelParts(sql)} parts`;
}

/** Parts between the commas of the outermost brackets. */
function topLevelParts(sql: string): number {
  let depth = 0;
  let parts = 0;
  for (const char of sql) {
    if (char === '(') depth += 1;
    if (char === ')') depth -= 1;
    if (depth === 1 && (char === ',' || (char === '(' && parts === 0))) parts += 1;
  }
  return parts;
}

/** The name of a processor, a system or a kernel, word by word. */
export const platform = (text: string, other: (text: string) => string): string =>
  text.length > 200
    ? other(text)
    : text
        .split(/([\s/~+_,;:()#-]+)/)
        .map((word, index) => (index % 2 === 1 || isOfPlatform(word) ? word : other(word)))
        .join('');
const isOfPlatform = (word: string): boolean =>
  word === '' || hardware.has(word.toLowerCase()) || /^[vV]?\d{1,4}[A-Z]?(?:\.\d{1,4}){0,2}(?:GHz|MHz)?$/.test(word);
