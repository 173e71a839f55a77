import { harmless } from '../../model/harmless.ts';

const markup: unique symbol = Symbol('markup');

/** Finished HTML. Parsed data can never be taken for it, because only this module has its symbol. */
export interface Html {
  readonly [markup]: string;
}

export type Part = Html | string | number | null | readonly Part[];

/** Makes HTML of a template literal. Values become text, in content and in quoted attributes, unless they are HTML already. */
export function html(literal: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { [markup]: literal.map((text, index) => text + source(parts[index] ?? null)).join('') };
}

export const toText = (whole: Html): string => whole[markup];

function source(part: Part): string {
  if (part === null) return '';
  if (typeof part === 'object') return markup in part ? part[markup] : part.map(source).join('');
  return harmless(String(part)).replace(/[&<>"']/g, (char) => entities[char] ?? '');
}

/** Named entities, not numbers: redaction takes a word with a digit in it for a secret more often. */
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Truncates a very long text and says how much is missing. */
export function clipped(text: string, limit = 300): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}… (${text.length - limit} characters more)`;
}
