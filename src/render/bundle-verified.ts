import type { Manifest } from '../bundle/verify.ts';
import { bytes, count } from '../model/amounts.ts';
import { harmless } from '../model/harmless.ts';

/** What an intact bundle contains, and what it omits. */
export function renderVerified(
  file: string,
  { members, tool, createdAt, cut, leftOut, included = [], reduced = [] }: Manifest,
): string {
  const size = members.reduce((sum, member) => sum + member.size, 0);
  const lines = [
    `${file} is whole: ${count(members.length, 'member')} with ${bytes(size)} beside its manifest.`,
    `Made by ${tool.name} ${tool.version} at ${createdAt}. That is what it says; nothing in it proves who made it.`,
    ...cut.map(({ name, what, why }) => `Truncated: ${name}: ${what} (${why})`),
    ...leftOut.map(({ name, why }) => `Omitted: ${name} (${why})`),
    ...(included.length > 0
      ? [`It was asked to hold ${included.join(', ')}, which were searched for known kinds of secrets alone.`]
      : []),
    ...reduced.map(({ name, rule }) => `Reduced to shapes: ${name} (${rule})`),
  ];
  return `${lines.map(harmless).join('\n')}\n`;
}
