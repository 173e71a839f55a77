/** Mutants that no test can tell from the original, and why. */
export interface Explained {
  readonly file: string;
  readonly mutants: readonly (readonly [was: string, becomes: string])[];
  readonly why: string;
}

/** Of what has a key of its own, as an entry of a folder, a row, a table or a process, the first one is the last one. */
export const byUniqueKey =
  /\.find\(\((?:\{ (name|id|table|pid) \}\) => \1|(\w+)\) => \2\.(?:name|id|table|pid)) === [\w.]+\)$/;

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
  {
    file: 'src/repair/plan.ts',
    mutants: [
      ["kind === 'restart-daemon' ? 'restart' : 'start'", "('restart')"],
      ["kind === 'restart-daemon' ? 'restart' : 'start'", "('start')"],
      ["kind === 'restart-daemon'", "(kind) !== ('restart-daemon')"],
    ],
    why: 'whatever is in the way of a start is in the way of a restart, and of a start alone there is nothing',
  },
  {
    file: 'src/repair/plan.ts',
    mutants: [
      [
        "remedy.steps.some(({ action }) => action.kind === 'rebuild-index' || action.kind === 'rescue-ledger')",
        "remedy.steps.every(({ action }) => action.kind === 'rebuild-index' || action.kind === 'rescue-ledger')",
      ],
    ],
    why: 'a remedy that takes one of these steps takes no other, and one without steps is not asked',
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
    file: 'checks/home-locks.ts',
    mutants: [
      [
        "processes?.list.find((one) => one.pid === pid && one.state === 'T')",
        "processes?.list.findLast((one) => one.pid === pid && one.state === 'T')",
      ],
    ],
    why: 'a process is in the list once',
  },
  {
    file: 'src/coven/liveness.ts',
    mutants: [
      ['120_000', '120001'],
      ['10_000', '10001'],
    ],
    why: 'a millisecond in times that are told in seconds',
  },
  {
    file: 'src/coven/liveness.ts',
    mutants: [['daemons.find(({ exclusive }) => exclusive)', 'daemons.findLast(({ exclusive }) => exclusive)']],
    why: 'a lock that is held exclusively has one holder',
  },
  {
    file: 'src/coven/liveness.ts',
    mutants: [
      [
        'process.startedAt && startedAt ? Date.parse(process.startedAt) - Date.parse(startedAt) : Number.NaN',
        '(Date.parse(process.startedAt) - Date.parse(startedAt))',
      ],
      ['process.startedAt && startedAt', '(process.startedAt) || (startedAt)'],
    ],
    why: 'a date that is null parses to no number, too',
  },
  {
    file: 'checks/daemon-duplicates.ts',
    mutants: [['0', '1']],
    why: 'the age of a process whose start is not known: either is less than any that is asked for',
  },
  {
    file: 'checks/daemon-health.ts',
    mutants: [['0', '1']],
    why: 'the free bytes of a disk that tells none: either is less than is enough',
  },
  {
    file: 'checks/daemon-log.ts',
    mutants: [
      ['panics > 0', '(panics) >= (0)'],
      ['if (!last) return 0;', 'if (false) return 0;'],
    ],
    why: 'a log without a panic has no time of one, and one without a start has no start to count',
  },
  {
    file: 'checks/home-disk.ts',
    mutants: [['0', '1']],
    why: 'of a single inode fewer than a thousand are free, which is told before that',
  },
  {
    file: 'checks/home-mode.ts',
    mutants: [['a.ino < b.ino', '(a.ino) <= (b.ino)']],
    why: 'of two names of one file either may be told',
  },
  {
    file: 'checks/sessions-leases.ts',
    mutants: [['0', '1']],
    why: 'the end of a lease that tells none, in seconds since 1970: either is long past',
  },
  {
    file: 'checks/sessions-stranded.ts',
    mutants: [['0', '1']],
    why: 'the age of a row whose date is none: either is less than any that is asked for',
  },
  {
    file: 'checks/upgrade-sessions.ts',
    mutants: [['0', '1']],
    why: 'the age of a row whose date is none: either is less than any that is asked for',
  },
  {
    file: 'checks/upgraded-ledger.ts',
    mutants: [
      ['0', '1'],
      ['1', '2'],
    ],
    why: 'the first rowid of a table that is new, of which no row can be gone; and no row has a rowid behind the last one',
  },
  {
    file: 'checks/upgrades.ts',
    mutants: [["daemon === 'none' ? null : (daemon?.contract ?? null)", '((daemon?.contract ?? null))']],
    why: 'a word has no contract: the type asks for the difference',
  },
];
