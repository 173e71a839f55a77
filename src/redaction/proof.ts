import { gunzipSync } from 'node:zlib';
import { makeAutomaton } from './automaton.ts';
import { formsOf, shortestKnown } from './known.ts';

/** Something that must not be in a bundle: where, and by which rule; never what. */
export interface Hit {
  readonly member: string;
  readonly rule: string;
}

export interface Member {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Scans one member. It rejects when the member cannot be scanned; the bundle is then to be withheld. */
export type Proof = (member: Member) => Promise<readonly Hit[]>;

/** Unpacked bytes that one member may have. */
const largest = 512 * 1024 * 1024;
/** Text given to secretlint at a time: its memory grows with the length of its input. */
const sliceLength = 512 * 1024;
/** Compressed within compressed. */
const deepest = 3;

/**
 * The proof that nothing was missed: an independent detector (secretlint's recommended rules) and a search for every known
 * value in each of its forms, in a member's name and bytes, and in what they are when unpacked, without entities, or read as UTF-16.
 * A pure function of its input. The redactor's own rules take no part in it.
 */
export async function makeProof(knownValues: readonly string[]): Promise<Proof> {
  const detect = await makeDetector();
  const forms = knownValues.filter((value) => Buffer.byteLength(value) >= shortestKnown).flatMap(formsOf);
  const automaton = makeAutomaton(forms.map(({ bytes }) => bytes));

  function knows(bytes: Buffer): boolean {
    let found = false;
    automaton.scan(bytes, (start, end, word) => {
      const form = forms[word];
      found ||= form !== undefined && (form.anyCase || bytes.toString('latin1', start, end) === form.bytes);
    });
    return found;
  }

  return async ({ name, bytes }) => {
    const rules = new Set<string>();
    // A name is shown on screens, and named here: a secret in it is named by the rule alone.
    const namePart = Buffer.from(name);
    if (knows(namePart)) rules.add('known-value-in-name');
    for (const rule of await detect(name)) rules.add(`${rule}-in-name`);
    for (const view of viewsOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))) {
      if (knows(view)) rules.add('known-value');
      for (const rule of await detect(view.toString())) rules.add(rule);
    }
    const member = [...rules].some((rule) => rule.endsWith('-in-name')) ? '<name withheld>' : name;
    return [...rules].map((rule) => ({ member, rule }));
  };
}

/** The readings of some bytes in which a secret may be seen. Throws where they cannot be unpacked. */
function* viewsOf(bytes: Buffer, depth = 0): Generator<Buffer> {
  yield bytes;
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    if (depth >= deepest) throw new RangeError(`compressed more than ${deepest} times`);
    yield* viewsOf(gunzipSync(bytes, { maxOutputLength: largest }), depth + 1);
    return;
  }
  const little = bytes[0] === 0xff && bytes[1] === 0xfe;
  const big = bytes[0] === 0xfe && bytes[1] === 0xff;
  if (little || big) yield Buffer.from(new TextDecoder(little ? 'utf-16le' : 'utf-16be').decode(bytes));
  if (bytes.includes('&#') || bytes.includes('&quot;') || bytes.includes('&amp;'))
    yield Buffer.from(plain(bytes.toString()));
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function plain(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));/g, (whole, decimal, hex, name) => {
    if (name) return entities[name] ?? whole;
    const code = Number.parseInt(decimal ?? hex, decimal ? 10 : 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** Ids of secretlint's rules that find something in a text. It is loaded here, since a diagnosis never needs it. */
async function makeDetector(): Promise<(text: string) => Promise<readonly string[]>> {
  const { lintSource } = await import('@secretlint/core');
  const { creator } = await import('@secretlint/secretlint-rule-preset-recommend');
  const config = { rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: creator }] };
  return async (text) => {
    const found: string[] = [];
    for (const content of slices(text)) {
      const source = { content, filePath: 'member.txt', ext: '.txt', contentType: 'text' as const };
      const { messages } = await lintSource({ source, options: { config, noPhysicFilePath: true } });
      found.push(...messages.map(({ ruleId }) => ruleId.replace(/^.*secretlint-rule-/, 'secretlint-')));
    }
    return found;
  };
}

/** A text in pieces of whole lines, each with the last lines of the one before: a key may lie across a cut. */
function* slices(text: string): Generator<string> {
  const overlap = 16 * 1024;
  for (let from = 0; from < text.length; from += sliceLength)
    yield text.slice(Math.max(0, from - overlap), from + sliceLength);
}
