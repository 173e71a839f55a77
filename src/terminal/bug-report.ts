/** The text to send us when coven-doctor itself fails. Error messages can quote files of the machine, so secrets are redacted. */
export async function bugReport(error: unknown, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const [{ makeRedactor }, { secretsOf }, { harmless }] = await Promise.all([
    import('../redaction/redactor.ts'),
    import('../redaction/environment.ts'),
    import('../model/harmless.ts'),
  ]);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const { text } = makeRedactor({ knownValues: secretsOf(env) }).redact(stack);
  const lines = text.split('\n').map(harmless);
  return `coven-doctor: this is a bug of ours, please report it\n${lines.join('\n')}\n`;
}
