import { outputOf } from '../coven/event-output.ts';
import { count } from '../model/amounts.ts';
import type { ReplayEvent, SessionReplay } from '../store/protocol.ts';
import { plainOutput } from './plain-output.ts';
import type { MissingSeqs } from './session-losses.ts';

function linesOf(events: readonly ReplayEvent[]): string {
  let text = '';
  let spoken = '';
  const flush = (): void => {
    // A sequence can be split over several events.
    text += plainOutput(spoken);
    spoken = '';
  };
  for (const event of events) {
    const output = outputOf(event.payload);
    if (output !== null && event.kind === 'output') {
      spoken += output;
      continue;
    }
    flush();
    const begin = text === '' || text.endsWith('\n') ? '' : '\n';
    const said = output ?? (event.payload === null ? '‹too long›' : event.payload);
    text += `${begin}[${plainOutput(event.kind)} ${plainOutput(event.at)}] ${plainOutput(said)}\n`;
  }
  flush();
  return text;
}

/**
 * The events of a part without secrets. Neighbouring events are searched too, because a secret can begin before the part
 * or end after it. Text that differs with and without its neighbours is shown with them.
 */
export async function redactedPart(
  { before, events, after }: SessionReplay,
  redact: (text: string) => Promise<string>,
): Promise<string> {
  const [head, part, tail] = [linesOf(before), linesOf(events), linesOf(after)];
  if (part === '') return '';
  const [whole, first, last] = await Promise.all([redact(head + part + tail), redact(head), redact(tail)]);
  let start = 0;
  while (start < first.length && first[start] === whole[start]) start += 1;
  let end = 0;
  while (end < last.length && end < whole.length - start && last.at(-1 - end) === whole.at(-1 - end)) end += 1;
  return whole.slice(start, whole.length - end);
}

/** Events on either side of a part in which the rest of a secret is looked for. */
const marginEvents = 50;

/** The same, with a line in each place where a rescue left events out. */
export async function redactedReplay(
  replay: SessionReplay,
  missing: readonly MissingSeqs[],
  redact: (text: string) => Promise<string>,
): Promise<string> {
  const { before, events, after } = replay;
  const pieces: string[] = [];
  let from = 0;
  for (let at = 0; at <= events.length; at += 1) {
    const previous = (at === 0 ? before.at(-1) : events[at - 1])?.seq ?? Number.NEGATIVE_INFINITY;
    const next = (at < events.length ? events[at] : after[0])?.seq ?? Number.POSITIVE_INFINITY;
    // What lies between this part and the next one is told there.
    const isTold = at < events.length || after.length === 0;
    const gone = isTold ? missing.filter(({ first, last }) => first > previous && last < next) : [];
    if (gone.length === 0 && at < events.length) continue;
    const part = {
      before: [...before, ...events.slice(0, from)].slice(-marginEvents),
      events: events.slice(from, at),
      after: [...events.slice(at, at + marginEvents), ...after].slice(0, marginEvents),
    };
    const text = await redactedPart({ ...replay, ...part }, redact);
    if (text !== '') pieces.push(text);
    if (gone.length > 0) pieces.push(`${gapLine(gone)}\n`);
    from = at;
  }
  return pieces.reduce((all, piece) => `${all}${all === '' || all.endsWith('\n') ? '' : '\n'}${piece}`, '');
}

function gapLine(gone: readonly MissingSeqs[]): string {
  const of = (isLikely: boolean): number =>
    gone.reduce((sum, { first, last, ...one }) => sum + (one.isLikely === isLikely ? last - first + 1 : 0), 0);
  const [own, likely] = [of(false), of(true)];
  const parts = [
    ...(own > 0 ? [`${count(own, 'event')} missing`] : []),
    ...(likely > 0
      ? [own > 0 ? `and most likely ${likely} more` : `most likely ${count(likely, 'event')} of this session missing`]
      : []),
  ];
  const [first, last] = [gone[0]?.first, Math.max(...gone.map((one) => one.last))];
  return `[... ${parts.join(', ')}: seq ${first === last ? first : `${first} to ${last}`} ...]`;
}
