import { tool } from '../host/package.ts';
import { print } from './print.ts';

/** `--version`; with --verbose also what this program runs on. */
export async function printVersion(verbose: boolean): Promise<number> {
  const { version } = tool();
  const { platform, arch } = process;
  await print(
    verbose ? `coven-doctor ${version}\nNode.js ${process.versions.node}, ${platform} ${arch}\n` : `${version}\n`,
  );
  return 0;
}
