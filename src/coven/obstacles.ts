import type { Facts } from '../model/finding.ts';

/** Commands of Coven that hints advise, by what they do. */
export const ways = ['start', 'restart', 'stop', 'vacuum'] as const;
export type Way = (typeof ways)[number];

/** A check that names what is in the way, and the checks whose words the report shows for it: none where it shows none. */
interface Obstacle {
  readonly id: string;
  readonly places: readonly string[];
}

/** As a fact: `home:reset`, and where that is told elsewhere or nowhere, `daemon:record < daemon` or `home:reset <`. */
const fact = ({ id, places }: Obstacle): string =>
  places.length === 1 && places[0] === id ? id : [id, '<', ...places].join(' ');

function parsed(told: Facts[string] | undefined): readonly Obstacle[] {
  if (typeof told !== 'string' || told === '') return [];
  return told.split(', ').map((one) => {
    const [id = '', isElsewhere, ...places] = one.split(' ');
    return { id, places: isElsewhere === undefined ? [id] : places };
  });
}

/** What is in the way of a command, as a finding knows it. */
export const obstacles = (name: Way, facts: Facts): readonly Obstacle[] => parsed(facts[`${name}BlockedBy`]);

/** What is in the way of each command, as facts; `isTold` is whether a report has words for a check. */
export const blockedBy = (ids: Readonly<Record<Way, readonly string[]>>, isTold: (id: string) => boolean): Facts =>
  Object.fromEntries(
    Object.entries(ids).map(([name, list]) => [
      `${name}BlockedBy`,
      list.map((id) => fact({ id, places: isTold(id) ? [id] : [] })).join(', '),
    ]),
  );

/** The same facts, once it is known what the report shows for each of these checks. */
export function mapObstacles(facts: Facts, place: (id: string) => readonly string[]): Facts {
  const known = ways.filter((name) => facts[`${name}BlockedBy`]);
  if (known.length === 0) return facts;
  const placed = known.map((name): readonly [string, string] => [
    `${name}BlockedBy`,
    parsed(facts[`${name}BlockedBy`])
      .map(({ id }) => fact({ id, places: place(id) }))
      .join(', '),
  ]);
  return { ...facts, ...Object.fromEntries(placed) };
}

/** Whether a reset was cut off: every command of Coven refuses until that is run again, and nothing of a ledger is deleted. */
export const isResetCutOff = (facts: Facts): boolean => obstacles('stop', facts).some(({ id }) => id === 'home:reset');
