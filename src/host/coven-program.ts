import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path';
import { nativePackages } from '../coven/install.ts';
import { needsNewer } from './glibc.ts';
import { launcherAt } from './launcher.ts';
import { readPackage, readRegular } from './npm-package.ts';
import { type Foreign, foreignTo } from './whose-program.ts';

/** A script's first line is shorter. Source: BINPRM_BUF_SIZE of Linux. */
const firstBytes = 256;

/**
 * The words that run a `coven` without any PATH: the native program of its npm package, the package's own script under
 * this Node, or the file itself. Null where others than root and this user decide what it is.
 */
export function commandOf(program: string): readonly string[] | null {
  try {
    if (foreignProgram(program)) return null;
    const file = realpathSync(program);
    const native = nativeOf(file) ?? file;
    return /^#!.*\bnode\b/.test(firstLine(native)) ? [process.execPath, native] : [native];
  } catch {
    return null;
  }
}

/** Who else decides what a `coven` runs: of its launcher, and of the native program that this starts. Throws where it leads nowhere. */
export const foreignProgram = (program: string): Foreign | null =>
  foreignTo(program) ?? foreignTo(nativeOf(realpathSync(program)) ?? program);

/**
 * `no-native`: a wrapper without its program; `native-mode`: with one that may not be executed. `no-node`, `no-interpreter`:
 * nothing to run a script with. `windows-lines`: the same, for a carriage return. `architecture`, `no-loader`: of another machine. `old-glibc`: of a newer system. `cut-off`: a
 * part of it is missing. `no-doctor`: a launcher of a coven-doctor that is gone. `empty`: a shell runs it, and nothing happens.
 * `no-program`: bytes that are neither a program of this system nor a text. `starts-nothing`: a script that hands over to a program
 * that is not there.
 */
export const brokenWays = [
  'dangling',
  'no-native',
  'native-mode',
  'cut-off',
  'no-node',
  'no-interpreter',
  'windows-lines',
  'architecture',
  'no-loader',
  'old-glibc',
  'no-doctor',
  'empty',
  'no-program',
  'starts-nothing',
] as const;
export type Broken = (typeof brokenWays)[number];

/** Why a `coven` cannot be run, from its files alone; null where nothing is known to be in its way. */
export function whyNotRun(program: string, path: string): Broken | null {
  try {
    const file = realpathSync(program);
    const isWrapper = [join(dirname(file), '..'), dirname(file)].some((folder) => isWrapperPackage(folder));
    const native = nativeOf(file);
    if (isWrapper && native === null) return 'no-native';
    const launcher = launcherAt(file);
    if (launcher) return launcher.works ? null : 'no-doctor';
    if (native !== null && !isExecutable(native)) return 'native-mode';
    const line = firstLine(file);
    const uninterpreted = whyNotInterpreted(line, path);
    const ofScript = uninterpreted && line.endsWith('\r') ? 'windows-lines' : uninterpreted;
    const why = whyNotContained(file) ?? ofScript ?? whyNotLoaded(native ?? file);
    return why ?? (native === null && line.startsWith('#!') ? whyNotHandedOver(file) : null);
  } catch {
    return null;
  }
}

/**
 * What the kernel takes for no program at all is given to a shell (execvp(3)), which runs nothing of an empty file and ends
 * well, and chokes on bytes. A system can be told to run other formats: what those are is not judged.
 */
function whyNotContained(file: string): Broken | null {
  if (process.platform !== 'linux') return null;
  const start = startOf(file);
  if (start === '') return statSync(file).size === 0 ? 'empty' : null;
  const isProgram = start.startsWith('\x7fELF') || start.startsWith('#!');
  return !isProgram && start.includes('\0') && !hasOtherFormats() ? 'no-program' : null;
}

/** Formats that binfmt_misc knows beside its own two files. */
function hasOtherFormats(): boolean {
  try {
    return readdirSync('/proc/sys/fs/binfmt_misc').length > 2;
  } catch {
    return false;
  }
}

/** Of a script: the program that its first line names, or has env(1) look for on PATH, is not there. */
function whyNotInterpreted(line: string, path: string): Broken | null {
  // The kernel takes all of the line: a carriage return is a part of the name.
  const [, program = '', words = ''] = /^#![ \t]*([^ \t]+)(.*)$/.exec(line) ?? [];
  if (program === '') return null;
  if (!existsSync(program)) return 'no-interpreter';
  if (basename(program) !== 'env') return null;
  const name = words.split(/[ \t]+/).find((word) => word !== '' && !word.startsWith('-') && !word.includes('='));
  if (name === undefined || name.includes('/') || isOnPath(name, path)) return null;
  return name === 'node' ? 'no-node' : 'no-interpreter';
}

/** A longer script does more than to start another program. */
const wrapperBytes = 16 * 1024;

/** Of a short script: the package of Coven's native program that it asks for, or the program that it becomes, is not there. */
function whyNotHandedOver(file: string): Broken | null {
  const text = readRegular(file, wrapperBytes);
  if (text === null) return null;
  const asked = [
    ...text.matchAll(/\brequire(?:\.resolve)?\(\s*['"](@opencoven\/[\w-]{1,64})(?:\/[^'"\n]{0,200})?['"]/g),
  ];
  if (asked.length > 0 && asked.every(([, name = '']) => !isInstalled(name, file))) return 'no-native';
  const [, program] = /^[ \t]*exec[ \t]+["']?(\/[\w./@+-]{1,4000})/m.exec(text) ?? [];
  return program !== undefined && !existsSync(program) ? 'starts-nothing' : null;
}

/** As Node finds a package, by its name alone. */
function isInstalled(name: string, script: string): boolean {
  for (let folder = dirname(script); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', name))) return true;
    if (folder === dirname(folder)) return false;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const wrapperPackage = '@opencoven/cli';

/** Whether a folder is Coven's package that only starts a native program, which npm installs as an optional dependency. */
function isWrapperPackage(folder: string): boolean {
  const found = readPackage(folder);
  if (found === null || found === 'unreadable' || found.name !== wrapperPackage) return false;
  const { optionalDependencies } = found;
  return Object.keys(optionalDependencies ?? {}).some((name) => name.startsWith(`${wrapperPackage}-`));
}

const isOnPath = (name: string, path: string): boolean =>
  path.split(delimiter).some((folder) => isAbsolute(folder) && existsSync(join(folder, name)));

/** A link to a file that is not there; false where its folder may not be read. */
export function isDangling(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && !existsSync(path);
  } catch {
    return false;
  }
}

/** Machines of ELF, by what Node calls them. Source: the ELF specification, e_machine. */
const machines: Readonly<Record<string, number>> = {
  x64: 62,
  arm64: 183,
  ia32: 3,
  arm: 40,
  riscv64: 243,
  ppc64: 21,
  s390x: 22,
};
/** A loader of its own brings a glibc of its own. */
const systemLoaders = /^\/lib(?:64)?\/(?:[\w-]+\/)?ld-linux[\w.-]*\.so\.[12]$/;
const programHeadersLimit = 64;
const interpreterType = 3;

/** Of an ELF program: its machine is this one's, and the loader that it asks for is there. Others are not judged. */
function whyNotLoaded(file: string): Broken | null {
  if (process.platform !== 'linux') return null;
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const read = (at: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(fd, bytes, 0, length, at));
    };
    const head = read(0, 64);
    if (head.length < 64 || head.toString('latin1', 0, 4) !== '\x7fELF') return null;
    const machine = machines[process.arch];
    if (head[4] !== 2 || head[5] !== 1 || (machine !== undefined && head.readUInt16LE(18) !== machine))
      return 'architecture';
    const at = Number(head.readBigUInt64LE(32));
    const [size, count] = [head.readUInt16LE(54), Math.min(head.readUInt16LE(56), programHeadersLimit)];
    const { size: bytes } = fstatSync(fd);
    const parts = size < 56 ? [] : Array.from({ length: count }, (_, index) => read(at + index * size, 56));
    const whole = parts.filter(({ length }) => length === 56);
    if (whole.some((part) => part.readBigUInt64LE(8) + part.readBigUInt64LE(32) > bytes)) return 'cut-off';
    const part = whole.find((one) => one.readUInt32LE(0) === interpreterType);
    if (!part) return null;
    const length = Math.min(4096, Number(part.readBigUInt64LE(32)));
    const loader = read(Number(part.readBigUInt64LE(8)), length)
      .toString('utf8')
      .replace(/\0.*$/s, '');
    if (isAbsolute(loader) && !existsSync(loader)) return 'no-loader';
    return systemLoaders.test(loader) && needsNewer(read) ? 'old-glibc' : null;
  } finally {
    closeSync(fd);
  }
}

/** The native program that the script of Coven's npm package would run. */
function nativeOf(script: string): string | null {
  const name = nativePackages[`${process.platform}-${process.arch}`];
  if (name === undefined || !firstLine(script).startsWith('#!')) return null;
  // As Node finds it, but by its name alone: Node's own search reads every package.json on its way, which may be a FIFO.
  for (let folder = dirname(script); ; folder = dirname(folder)) {
    const program = join(folder, 'node_modules', name, 'bin', 'coven');
    if (existsSync(program)) return realpathSync(program);
    if (folder === dirname(folder)) return null;
  }
}

const firstLine = (file: string): string => startOf(file).split('\n', 1)[0] ?? '';

/** The first bytes of a file, a character each. */
function startOf(file: string): string {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const bytes = Buffer.alloc(firstBytes);
    const length = readSync(fd, bytes, 0, firstBytes, 0);
    return bytes.toString('latin1', 0, length);
  } finally {
    closeSync(fd);
  }
}
