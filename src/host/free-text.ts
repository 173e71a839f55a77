import type { Look } from './look.ts';

const longest = 200;

/**
 * What a log or a daemon says in its own words, which may quote a secret: without it, and then at most 200 characters of
 * it, from which no part of a word is left that was cut.
 */
export async function freeText(text: string, { env }: Pick<Look, 'env'>): Promise<string> {
  const [{ makeRedactor }, { secretsOf }] = await Promise.all([
    import('../redaction/redactor.ts'),
    import('../redaction/environment.ts'),
  ]);
  const told = makeRedactor({ knownValues: secretsOf(env) }).redact(text).text;
  return told.length > longest ? `${told.slice(0, longest).replace(/\S*$/, '')}…` : told;
}
