/**
 * Redacts, packs and scans bundles in a process of its own, which says what it begins: whatever a text does to it, its
 * parent ends it and goes on without that text. One request a line; the end of its input ends it.
 */

import { manifestUnit } from '../bundle/pack.ts';
import { endWithParent } from '../child/end-with-parent.ts';
import { readLines } from '../child/lines.ts';
import { readText } from '../host/read-text.ts';
import type { TextRequest } from '../host/texts.ts';
import { hits, packed } from './packing.ts';
import { lineOf, messageOf, type PackMessage, type PackRequest, type ProveRequest } from './protocol.ts';

/** Longest request, in characters: some 200 MB of what was seen. */
const requestLimit = 256 * 1024 ** 2;

endWithParent();
const say = (message: PackMessage): void => void process.stdout.write(`${lineOf(message)}\n`);
const begin = (begun: string): void => say({ begun });

async function answer(request: PackRequest | ProveRequest): Promise<PackMessage> {
  begin(manifestUnit);
  try {
    return request.do === 'pack' ? { packed: await packed(request, begin) } : { hits: await hits(request, begin) };
  } catch (error) {
    // Its message may quote what it failed on.
    return { threw: error instanceof Error ? error.name : 'an error' };
  }
}

/** A text that the diagnosis wants to have read comes as JSON, which no line of `protocol.ts` begins like. */
const isText = (line: string): boolean => line.startsWith('{');

// Last: what it calls is made by then.
void serve();

async function serve(): Promise<void> {
  const lines = readLines(process.stdin, requestLimit);
  for (;;) {
    const line = await lines.next();
    if (typeof line === 'string') return;
    if (isText(line.text)) process.stdout.write(`${JSON.stringify(readText(JSON.parse(line.text) as TextRequest))}\n`);
    else say(await answer(messageOf<PackRequest | ProveRequest>(line.text)));
  }
}
