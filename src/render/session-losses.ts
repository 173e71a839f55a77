import { count } from '../model/amounts.ts';

type Seqs = readonly (readonly [first: number, last: number])[];

/** What a rescue left out of a session. */
export interface ShownLoss {
  readonly run: string;
  readonly lost: number;
  readonly uncertain: number;
  readonly seqs: Seqs;
  readonly placeholder: boolean;
  /** Events that are most likely of this session, of which nothing says whose they are. */
  readonly likely: { readonly lost: number; readonly unaccounted: number; readonly seqs: Seqs } | null;
  readonly eventless: boolean;
  readonly mayLackMore: boolean;
}

const shownLosses = 3;
const shownRanges = 8;

/** What the newest rescues did not bring back of a session, below its head. */
export const lossLines = (losses: readonly ShownLoss[]): readonly string[] =>
  losses.slice(0, shownLosses).flatMap((loss) => linesOf(loss).map((line) => `  ${line}`));

function linesOf({ run, ...loss }: ShownLoss): readonly string[] {
  const { lost, uncertain, seqs, placeholder, likely, eventless, mayLackMore } = loss;
  const parts = [
    ...(lost > 0 ? [`${lost} lost`] : []),
    ...(uncertain > 0 ? [`${uncertain} damaged and left out`] : []),
  ];
  const atLeast = mayLackMore ? 'at least ' : '';
  return [
    ...(placeholder
      ? [`The rescue of run ${run} did not find the row of this session: its title and project are lost.`]
      : []),
    ...(parts.length > 0
      ? [
          `The rescue of run ${run} did not bring back ${atLeast}${count(lost + uncertain, 'event')} of this session${inSeqs(seqs)}: ${parts.join(', ')}.`,
        ]
      : []),
    ...(likely ? [likelyLine(run, likely)] : []),
    ...(eventless && parts.length === 0
      ? [`The rescue of run ${run} found no event of this session, which ran: all of its events may be lost.`]
      : []),
  ];
}

function likelyLine(run: string, { lost, unaccounted, seqs }: NonNullable<ShownLoss['likely']>): string {
  const parts = [
    ...(lost > 0 ? [`${count(lost, 'lost event')}`] : []),
    ...(unaccounted > 0 ? [`up to ${count(unaccounted, 'event')} that may be lost`] : []),
  ];
  return `Of ${parts.join(' and ')}${inSeqs(seqs)}, run ${run} found nothing that says whose they are. The events around them are of this session, so they most likely are, too.`;
}

function inSeqs(seqs: Seqs): string {
  const ranges = seqs
    .slice(0, shownRanges)
    .map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`));
  return ranges.length === 0 ? '' : ` (seq ${ranges.join(', ')}${seqs.length > shownRanges ? ', and others' : ''})`;
}

/** A run of seqs that a rescue left out of a session, or most likely did. */
export interface MissingSeqs {
  readonly first: number;
  readonly last: number;
  readonly isLikely: boolean;
}

/** Every run of seqs that is known to be missing, in their order. */
export const missingSeqs = (losses: readonly ShownLoss[]): readonly MissingSeqs[] =>
  losses
    .flatMap(({ seqs, likely }) => [
      ...seqs.map(([first, last]) => ({ first, last, isLikely: false })),
      ...(likely?.seqs ?? []).map(([first, last]) => ({ first, last, isLikely: true })),
    ])
    .toSorted((one, other) => one.first - other.first);
