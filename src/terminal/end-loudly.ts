/** The exit code for a bug in coven-doctor. It is set first, and replaced when the run has a result. */
export const bug = 70;

/** Shortages of the machine, by errno. They are not bugs: the user can do something about them. */
const shortages: Readonly<Record<string, string>> = {
  EMFILE: 'this process may not open enough files; raise the limit and run again: ulimit -n 1024',
  ENFILE: 'this machine has no file handles left; end what holds them, and run again',
  ENOMEM: 'there is not enough memory; make some free, or raise the limit of this process, and run again',
};

/**
 * Makes sure that this process never ends in silence: an uncaught error, or an event loop that drained while something was
 * still awaited, prints a report on stderr and exits with 70. `crash` does the same for an error that was caught.
 * This holds for every format: stdout then has no document.
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
  // Unhandled rejections arrive here, too.
  process.on('uncaughtException', crash);
  process.on('beforeExit', () => crash(new Error('the event loop drained before anything was reported')));
  return { crash };
}

async function reportOf(error: unknown): Promise<string> {
  try {
    const { bugReport } = await import('./bug-report.ts');
    return await bugReport(error, process.env);
  } catch (cause) {
    // If the redaction cannot be loaded, the error itself is not shown.
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    return `coven-doctor: this is a bug of ours, please report it; its report cannot be written (${why})\n`;
  }
}

const write = (text: string): Promise<void> =>
  new Promise((resolve) => {
    // If stderr is closed, end all the same.
    process.stderr.write(text, () => resolve());
  });
