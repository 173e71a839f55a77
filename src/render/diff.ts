import type { Change, Comparison, FoundThing } from '../bundle/compare.ts';
import { harmless, harmlessJson } from '../model/harmless.ts';
import { say } from '../model/say.ts';

/** At most this many fields of each observation are shown. JSON has them all. */
const shownFields = 12;

/** What changed, for a terminal: causes first, then observations. */
export function renderDiff({ appeared, wentAway, changed, observations }: Comparison): string {
  const found = [
    ...appeared.map((thing) => `+ ${line(thing)}`),
    ...wentAway.map((thing) => `- ${line(thing)}`),
    ...changed.flatMap(({ before, after }) => [`~ ${line(after)}`, `  before: ${line(before)}`]),
  ];
  const keys = [...new Set(observations.map(({ observation }) => observation))];
  const lines = [
    found.length > 0 ? 'Findings' : 'The findings are the same.',
    ...found,
    '',
    observations.length > 0 ? 'Observations' : 'Everything else that was seen is the same.',
    ...keys.flatMap((key) => fieldsOf(observations.filter(({ observation }) => observation === key))),
  ];
  return `${lines.join('\n')}\n`;
}

const line = ({ check, finding }: FoundThing): string =>
  harmless(`${finding.status} ${check.id} ${finding.code}: ${say(check, finding).message}`);

function fieldsOf(changes: readonly Change[]): readonly string[] {
  const shown = changes
    .slice(0, shownFields)
    .map(({ observation, path, before, after }) =>
      harmless(`~ ${observation} ${path}: ${value(before)} → ${value(after)}`),
    );
  const left = changes.length - shown.length;
  return left > 0 ? [...shown, `  and ${left} more of ${changes[0]?.observation}; --json has them all`] : shown;
}

const value = (leaf: Change['before']): string => (leaf === undefined ? 'absent' : JSON.stringify(leaf).slice(0, 200));

/** The same as one JSON document. An absent field is omitted. */
export function renderDiffJson({ appeared, wentAway, changed, observations }: Comparison): string {
  const document = {
    schema: 'coven-doctor.diff/1',
    appeared: appeared.map(plain),
    wentAway: wentAway.map(plain),
    changed: changed.map(({ before, after }) => ({ before: plain(before), after: plain(after) })),
    observations,
  };
  return `${harmlessJson(JSON.stringify(document, null, 2))}\n`;
}

const plain = ({ check, finding }: FoundThing): object => {
  const { code, status, target, facts } = finding;
  return { check: check.id, code, status, target, message: say(check, finding).message, facts };
};
