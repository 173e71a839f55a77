import { plainDocument } from './clean.ts';
import { makeGate } from './gate.ts';
import type { Member } from './part.ts';
import { vocabulary } from './vocabulary.ts';

/** Reduces a member that could not be proven clean to our own words, times and numbers. */
export function shapesOf({ name, bytes }: Member): Member {
  const gate = makeGate({ words: vocabulary(), strict: true });
  const text = bytes.toString();
  if (!name.endsWith('.json')) return { name, bytes: Buffer.from(gate.log(text)) };
  const { schema, run, ...rest } = JSON.parse(text) as { schema?: string; run?: object };
  // The field by which an analysis recognises a recording.
  const told = Array.isArray(rest) ? {} : { ...(schema && { schema }), ...(run && { run }) };
  const shapes = gate.json(JSON.parse(text)).value;
  return { name, bytes: plainDocument(Array.isArray(shapes) ? shapes : { ...(shapes as object), ...told }) };
}

/** Reduces a member to the fact that it existed. */
export const emptied = ({ name, bytes }: Member): Member => ({
  name,
  bytes: name.endsWith('.json') ? plainDocument({ reduced: true, bytes: bytes.length }) : Buffer.from('reduced\n'),
});
