/** Mutants that no test can tell from the original, and why. */
export interface Explained {
  readonly file: string;
  readonly mutants: readonly (readonly [was: string, becomes: string])[];
  readonly why: string;
}

/** Of what has a key of its own, as an entry of a folder, a row, a table or a process, the first one is the last one. */
export const byUniqueKey = /\.find\(\((?:\{ (name|id|table) \}\) => \1|process\) => process\.pid) === [\w.]+\)$/;

/** Each number of these files becomes the next one. */
const next = (...numbers: readonly number[]): Explained['mutants'] =>
  numbers.map((number) => [String(number), String(number + 1)] as const);

export const explained: readonly Explained[] = [
  { file: 'src/run/report.ts', mutants: next(1, 2, 3, 5, 6), why: 'ranks of statuses: only their order counts' },
  {
    file: 'src/repair/plan.ts',
    mutants: next(1, 2),
    why: 'ranks of phases and the result of a comparison: only their order counts',
  },
  { file: 'checks/home-mode.ts', mutants: next(1), why: 'the result of a comparison: only its sign counts' },
  {
    file: 'checks/upgraded-ledger.ts',
    mutants: [
      ['3_600_000', '3600001'],
      ['120_000', '120001'],
    ],
    why: 'a millisecond in minutes of tolerance: the times that are compared are told in seconds',
  },
  {
    file: 'src/coven/liveness.ts',
    mutants: [
      ['120_000', '120001'],
      ['10_000', '10001'],
    ],
    why: 'a millisecond in times that are told in seconds',
  },
];
