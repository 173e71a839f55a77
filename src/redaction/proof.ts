import { makeAutomaton } from './automaton.ts';
import { type Form, formsOf, shortestKnown } from './known.ts';
import { unfolded, viewsOf } from './views.ts';
import { wraps } from './wrapped.ts';

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

/** Text given to secretlint at a time: its memory grows with the length of its input. */
const sliceLength = 512 * 1024;

/**
 * The proof that nothing was missed: an independent detector (secretlint's recommended rules) and a search for every known
 * value in each of its forms, in a member's name and bytes, in each of their readings (`viewsOf`), and, where a form is
 * base64 or hex, over line ends. A pure function of its input. The redactor's own rules take no part in it.
 */
export async function makeProof(knownValues: readonly string[]): Promise<Proof> {
  const detect = await makeDetector();
  const forms = knownValues.filter((value) => Buffer.byteLength(value) >= shortestKnown).flatMap(formsOf);
  const isWritten = search(forms);
  const isWrapped = search(forms.filter(wraps));

  function knows(bytes: Buffer): boolean {
    if (isWritten(bytes)) return true;
    const whole = forms.length > 0 ? unfolded(bytes) : null;
    return whole !== null && isWrapped(whole);
  }

  return async ({ name, bytes }) => {
    const rules = new Set<string>();
    // A name is shown on screens, and named here: a secret in it is named by the rule alone.
    for (const view of viewsOf(Buffer.from(name))) {
      if (knows(view)) rules.add('known-value-in-name');
      for (const rule of await detect(view.toString())) rules.add(`${rule}-in-name`);
    }
    for (const view of viewsOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))) {
      if (knows(view)) rules.add('known-value');
      for (const rule of await detect(view.toString())) rules.add(rule);
    }
    const member = [...rules].some((rule) => rule.endsWith('-in-name')) ? '<name withheld>' : name;
    return [...rules].map((rule) => ({ member, rule }));
  };
}

/** Whether some bytes hold one of the forms. */
function search(forms: readonly Form[]): (bytes: Buffer) => boolean {
  const automaton = makeAutomaton(forms.map(({ bytes }) => bytes));
  return (bytes) => {
    let found = false;
    automaton.scan(bytes, (start, end, word) => {
      const form = forms[word];
      found ||= form !== undefined && (form.anyCase || bytes.toString('latin1', start, end) === form.bytes);
    });
    return found;
  };
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
