/** A bug in the tool: the exit code until something else is known. */
export const bug = 70;

/** What the machine did not give us, by errno: no bug of ours, and the one who runs us can change it. */
const shortages: Readonly<Record<string, string>> = {
  EMFILE: 'this process may not open enough files; raise the limit and run again: ulimit -n 1024',
  ENFILE: 'this machine has no file handles left; end what holds them, and run again',
  ENOMEM: 'there is not enough memory; make some free, or raise the limit of this process, and run again',
};

/**
 * Sees to it that this process never ends without a word: a bug that nobody caught, or an event loop that drained while
 * something was still awaited, ends with a report on standard error and exit code 70. `crash` is for a bug that was caught.
 * With a format for machines too: standard output then holds no document.
 */
export function endLoudly(): { readonly crash: (error: unknown) => Promise<void> } {
  process.exitCode = bug;
  let isEnding = false;
  const crash = async (error: unknown): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const shortage = shortages[code];
    await write(shortage ? `coven-doctor: ${shortage}\n` : await reportOf(error));
    process.exit(shortage ? 2 : bug);
  };
  // A promise that nobody handles comes as one, too.
  process.on('uncaughtException', crash);
  process.on('beforeExit', () => crash(new Error('the event loop drained before anything was reported')));
  return { crash };
}

async function reportOf(error: unknown): Promise<string> {
  try {
    const { bugReport } = await import('./bug-report.ts');
    return await bugReport(error, process.env);
  } catch (cause) {
    // Without what takes secrets out, the error itself is not shown.
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    return `coven-doctor: this is a bug of ours, please report it; its report cannot be written (${why})\n`;
  }
}

const write = (text: string): Promise<void> =>
  new Promise((resolve) => {
    // Where nobody reads it, it is no reason to stay.
    process.stderr.write(text, () => resolve());
  });
