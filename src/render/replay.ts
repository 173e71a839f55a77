import { outputOf } from '../coven/event-output.ts';
import type { ReplayEvent, SessionReplay } from '../store/protocol.ts';
import { plainOutput } from './plain-output.ts';

function linesOf(events: readonly ReplayEvent[]): string {
  let text = '';
  let spoken = '';
  const flush = (): void => {
    // A sequence may be written in pieces by several events.
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
 * What is in the events of a part, without secrets: they are looked for in the events around it, too, since one may begin
 * before the part or end behind it. What is not the same with and without its neighbours is left to them.
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
