import type { Look } from './look.ts';

/**
 * What a log or a daemon says in its own words, which may quote a secret: as far as it is a message that is known, and
 * else its kind and length. The operator finds the rest where it was said.
 */
export async function freeText(text: string, { env }: Pick<Look, 'env'>): Promise<string> {
  const [{ makeRedactor }, { secretsOf }, { knownParts }, { makePaths }, { placeholder }] = await Promise.all([
    import('../redaction/redactor.ts'),
    import('../redaction/environment.ts'),
    import('../redaction/templates/message.ts'),
    import('../redaction/templates/paths.ts'),
    import('../redaction/templates/placeholders.ts'),
  ]);
  const told = makeRedactor({ knownValues: secretsOf(env) }).redact(text).text;
  const id = (text: string): string => text;
  const { path } = makePaths(placeholder, id);
  return knownParts(told, { path, id, word: placeholder, other: placeholder });
}
