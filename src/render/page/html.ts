import { harmless } from '../../model/harmless.ts';

const markup: unique symbol = Symbol('markup');

/** Finished HTML. Nothing that is parsed can be one: no data has its symbol. */
export interface Html {
  readonly [markup]: string;
}

export type Part = Html | string | number | null | readonly Part[];

/** HTML of a literal. What is put into it is text, in content and in quoted attributes alike, unless it is HTML itself. */
export function html(literal: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { [markup]: literal.map((text, index) => text + source(parts[index] ?? null)).join('') };
}

export const toText = (whole: Html): string => whole[markup];

function source(part: Part): string {
  if (part === null) return '';
  if (typeof part === 'object') return markup in part ? part[markup] : part.map(source).join('');
  return harmless(String(part)).replace(/[&<>"']/g, (char) => entities[char] ?? '');
}

/** Names, not numbers: a digit in a word makes it look like a secret to whoever redacts the page. */
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text that goes on for longer than anybody reads is cut; how much is missing is said. */
export function clipped(text: string, limit = 300): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}… (${text.length - limit} characters more)`;
}
