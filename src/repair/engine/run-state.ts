import type { Step } from '../../model/step.ts';
import type { JournalRecord } from './journal.ts';
import type { Reason } from './refusal.ts';

/** What a journal tells of one run. */
export interface RunState {
  readonly state: 'empty' | 'unfinished' | 'committed' | 'aborted';
  readonly begin: Extract<JournalRecord, { record: 'begin' }> | null;
  /** Steps that may have been taken and were not taken back, in the order of their taking. */
  readonly steps: readonly { readonly step: Step; readonly done: Extract<JournalRecord, { record: 'done' }> | null }[];
  /** Fixes that stand: verified, or kept by a recovery. */
  readonly stands: readonly string[];
  readonly why: Reason | null;
  /** False for the run of a home that this one is a copy of. */
  readonly isOfHome: boolean;
}

/** Reads the state of a run of a home off the records of its journal. */
export function runStateOf(
  all: readonly JournalRecord[],
  { dev, ino }: { readonly dev: string; readonly ino: string },
): RunState {
  const { home } = all.find((record) => record.record === 'begin') ?? { home: { dev, ino } };
  const records = home.dev === dev ? all : all.map((record) => onDevice(record, home.dev, dev));
  const of = <R extends JournalRecord['record']>(name: R) =>
    records.filter((record): record is Extract<JournalRecord, { record: R }> => record.record === name);
  const undone = new Set(of('undone').map(({ step }) => step));
  const done = new Map(of('done').map((record) => [record.step, record]));
  const aborted = of('abort')[0];
  const finished = of('commit')[0] ? 'committed' : aborted ? 'aborted' : 'unfinished';
  return {
    state: records.length === 0 ? 'empty' : finished,
    begin: of('begin')[0] ?? null,
    steps: of('intent')
      .filter(({ step }) => !undone.has(step.id))
      .map(({ step }) => ({ step, done: done.get(step.id) ?? null })),
    stands: [...of('verified'), ...of('kept')].map(({ fix }) => fix),
    why: aborted?.reason ?? null,
    isOfHome: home.ino === ino,
  };
}

/** Device numbers of some file systems are given anew with every start of the machine; inodes are not. */
function onDevice<T>(value: T, from: string, to: string): T {
  return JSON.parse(JSON.stringify(value), (key, inner) => (key === 'dev' && inner === from ? to : inner));
}
