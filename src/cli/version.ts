import { tool } from '../package.ts';
import { print } from '../terminal/print.ts';

/** `--version`; with --verbose also what this program runs on. */
export async function printVersion(verbose: boolean): Promise<number> {
  const { version } = tool();
  await print(verbose ? await allVersions(version) : `${version}\n`);
  return 0;
}

async function allVersions(version: string): Promise<string> {
  const { platform, arch } = process;
  const { askDriver } = await import('../store/ask-judge.ts');
  const sqlite = await askDriver(new AbortController().signal).then(
    (found) => (found ? `SQLite ${found.version}, ${found.driver}` : 'SQLite did not tell its version in time'),
    (error: Error) => error.message,
  );
  return `coven-doctor ${version}\nNode.js ${process.versions.node}, ${platform} ${arch}\n${sqlite}\n`;
}
