import { bytes, count } from '../model/amounts.ts';
import { harmless } from '../model/harmless.ts';
import { quoted } from '../model/shell.ts';

interface Sized {
  readonly name: string;
  readonly bytes: { readonly length: number };
}

interface Missing {
  readonly cut: readonly { readonly name: string; readonly what: string; readonly why: string }[];
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
  readonly reduced: readonly { readonly member: string; readonly rule: string }[];
}

/** The JSON answer of `bundle`. */
export interface Answer {
  readonly ok: boolean;
  readonly path: string | null;
  readonly bytes: number | null;
  readonly members: readonly { readonly name: string; readonly bytes: number }[];
  readonly cut: Missing['cut'];
  readonly leftOut: Missing['leftOut'];
  /** Members reduced to shapes because they could not be proven clean, each with the rule that found something. */
  readonly reduced: Missing['reduced'];
  readonly withheld: readonly { readonly member: string; readonly rule: string }[];
}

export const answerOf = (
  members: readonly Sized[],
  { cut, leftOut, reduced }: Missing,
  rest: Pick<Answer, 'ok' | 'path' | 'bytes' | 'withheld'>,
): Answer => ({
  ...rest,
  members: members.map(({ name, bytes: { length } }) => ({ name, bytes: length })),
  cut,
  leftOut,
  reduced,
});

/** Says where the bundle is and what it omits. */
export function sayWritten({ path, bytes: size, members, cut, leftOut, reduced }: Answer): string {
  const lines = [
    `Bundle written: ${harmless(path ?? '')} (${bytes(size)}, ${count(members.length, 'member')}), proven to hold no known secret.`,
    ...missing({ cut, leftOut, reduced }),
    'Look at report.html in it before you send it; every other member is plain text. Then attach the file to your support request.',
    'Only you can read the file (mode 0600). On any machine this shows its report:',
    `  coven-doctor analyze ${quoted(path ?? '')}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** Says what would go in. Nothing is written. */
export function sayEstimate({ members, cut, leftOut, reduced }: Answer): string {
  const width = Math.max(...members.map(({ name }) => name.length));
  const total = members.reduce((sum, { bytes }) => sum + bytes, 0);
  const lines = [
    ...members.map((member) => `${member.name.padEnd(width)}  ${bytes(member.bytes)}`),
    `${count(members.length, 'member')}, ${bytes(total)} before they are packed. Nothing was written.`,
    ...missing({ cut, leftOut, reduced }),
  ];
  return `${lines.join('\n')}\n`;
}

/** Says in which member something was found and by which rule. It never shows what. */
export function sayWithheld(hits: Answer['withheld']): string {
  const lines = [
    'The bundle is withheld: something in it may be a secret, and nothing was written.',
    ...hits.map(({ member, rule }) => `  ${harmless(member)}: ${harmless(rule)}`),
    'Add a pattern for it to extra_patterns in privacy.toml, or take it out of its place, and run again.',
  ];
  return `${lines.join('\n')}\n`;
}

function missing({ cut, leftOut, reduced }: Missing): readonly string[] {
  return [
    ...cut.map(({ name, what, why }) => harmless(`Truncated: ${name} holds ${what} (${why}).`)),
    ...leftOut.map(({ name, why }) => harmless(`Omitted: ${name} (${why}).`)),
    ...reduced.map(({ member, rule }) => harmless(`Reduced to shapes: ${member} may hold a secret (${rule}).`)),
  ];
}

/** The stages of a bundle, in their order. */
export const stages = [
  'checks',
  'observations',
  'ledger',
  'files and machine',
  'redaction',
  'archive',
  'proof',
] as const;
export type Stage = (typeof stages)[number];
