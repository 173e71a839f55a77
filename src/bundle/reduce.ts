import { plainDocument } from './clean.ts';
import { makeGate } from './gate.ts';
import type { Member } from './part.ts';
import { vocabulary } from './vocabulary.ts';

/** A member with single words of ours, times and numbers alone: what could not be proven clean as it was. */
export function shapesOf({ name, bytes }: Member): Member {
  const gate = makeGate({ words: vocabulary(), strict: true });
  const text = bytes.toString();
  if (!name.endsWith('.json')) return { name, bytes: Buffer.from(gate.log(text)) };
  const { schema, run, ...rest } = JSON.parse(text) as { schema?: string; run?: object };
  // What an analysis knows a recording by.
  const told = Array.isArray(rest) ? {} : { ...(schema && { schema }), ...(run && { run }) };
  const shapes = gate.json(JSON.parse(text)).value;
  return { name, bytes: plainDocument(Array.isArray(shapes) ? shapes : { ...(shapes as object), ...told }) };
}

/** A member of which nothing is left but that it was there. */
export const emptied = ({ name, bytes }: Member): Member => ({
  name,
  bytes: name.endsWith('.json') ? plainDocument({ reduced: true, bytes: bytes.length }) : Buffer.from('reduced\n'),
});
