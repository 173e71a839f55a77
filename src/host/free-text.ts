import type { Look } from './look.ts';

/** A text for the operator's own screen: whole, but for what is known to be a secret or looks like one. */
export async function withoutSecrets(text: string, env: Look['env']): Promise<string> {
  const [{ makeRedactor }, { secretsOf }] = await Promise.all([
    import('../redaction/redactor.ts'),
    import('../redaction/environment.ts'),
  ]);
  return makeRedactor({ knownValues: secretsOf(env) }).redact(text).text;
}

/**
 * What a log or a daemon says in its own words, which may quote a secret: as far as it is a message that is known, and
 * else its kind and length. The operator finds the rest where it was said.
 */
export async function freeText(text: string, { env }: Pick<Look, 'env'>): Promise<string> {
  const [told, { knownParts }, { identifiers }, { makePaths }, { placeholder }] = await Promise.all([
    withoutSecrets(text, env),
    import('../redaction/templates/message.ts'),
    import('../redaction/templates/catalogue.ts'),
    import('../redaction/templates/paths.ts'),
    import('../redaction/templates/placeholders.ts'),
  ]);
  const id = (text: string): string => text;
  const { path } = makePaths(placeholder, id);
  const word = (text: string): string => (identifiers.has(text) ? text : placeholder(text));
  return knownParts(told, { path, id, word, other: placeholder });
}
