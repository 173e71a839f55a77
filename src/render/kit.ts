import { count } from '../model/amounts.ts';
import { harmless } from '../model/harmless.ts';
import { type Rule, rules, type Tried } from '../plugins/kit/rules.ts';
import type { Stage } from '../plugins/kit/staged-home.ts';

/** What each rule demands. */
const asked: Readonly<Record<Rule, string>> = {
  answers: 'answers in time, throws nothing, and is well formed',
  same: 'says the same of the same, also where it may not write',
  order: 'has the same verdict whatever the order of entries',
  blind: 'says no `ok` that rests on what could not be looked into',
  quiet: 'tells of a home only what it was given, and not its path',
  changes: 'leaves the home as it was',
};

/** At most this many faults of each rule are shown. The rest are counted. */
const told = 3;

/** A table of the trials of each check, and what went wrong. */
export function renderKit(all: readonly Tried[], { homes, missing }: Pick<Stage, 'homes' | 'missing'>): string {
  const width = Math.max(...Object.values(asked).map((text) => text.length));
  const lines = all.flatMap(({ check, tried, wrong }) => [
    `${check.id} (${harmless(check.module ?? 'coven-doctor')})`,
    ...rules.flatMap((rule) => {
      const faults = wrong.filter((fault) => fault.rule === rule);
      const mark = tried[rule] === 0 ? '[  ]' : faults.length > 0 ? '[!!]' : '[OK]';
      const kept = `${tried[rule] - faults.length} of ${tried[rule]}`;
      return [
        `  ${mark} ${asked[rule].padEnd(width)}  ${kept}`,
        ...faults.slice(0, told).map(({ home, what }) => `         a home: ${home}: ${harmless(what)}`),
        ...(faults.length > told ? [`         and ${faults.length - told} more`] : []),
      ];
    }),
    '',
  ]);
  const bad = all.filter(({ wrong }) => wrong.length > 0).map(({ check }) => check.id);
  const verdict =
    bad.length > 0 ? `${count(bad.length, 'check fails', 'checks fail')}: ${bad.join(', ')}.` : 'Every check passes.';
  return `${[
    ...lines,
    ...missing.map(({ name, reason }) => `Not tried: a home that is ${name} (${harmless(reason)}).`),
    `Tried on ${count(homes.length, 'home')}. ${verdict}`,
  ].join('\n')}\n`;
}
