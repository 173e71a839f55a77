/*
 * Whether the glibc of this system is new enough for a program. The dynamic loader ends one that is too new before its first line,
 * with `version `GLIBC_2.39' not found`. Source: the ELF specification and the Linux Standard Base on symbol versions.
 */

type Read = (at: number, length: number) => Buffer;

const [loads, dynamic] = [1, 2];
const tag = { strings: 5, needed: 0x6ffffffe, count: 0x6fffffff, runPath: 29, rPath: 15 };
const most = { headers: 64, entries: 512, versions: 512 };

/** Whether a 64-bit little-endian ELF program asks for a symbol version of glibc that this process's own does not have. */
export function needsNewer(read: Read): boolean {
  const has = ownVersion();
  return has !== null && versionsOf(read).some((version) => isNewer(version, has));
}

/** The glibc that this Node runs on; null where it runs on another C library. */
function ownVersion(): string | null {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime ?? null;
}

function isNewer(version: string, than: string): boolean {
  const [a = [], b = []] = [version, than].map((text) => text.split('.').map(Number));
  const at = [0, 1, 2].find((part) => (a[part] ?? 0) !== (b[part] ?? 0));
  return at !== undefined && (a[at] ?? 0) > (b[at] ?? 0);
}

/** The versions of glibc whose symbols a program needs; empty where that is not told, or where it looks for libraries elsewhere. */
function versionsOf(read: Read): readonly string[] {
  const head = read(0, 64);
  const [at, size, count] = [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)];
  const parts = Array.from({ length: Math.min(count, most.headers) }, (_, index) => read(at + index * size, 56))
    .filter((part) => part.length === 56)
    .map((part) => ({
      type: part.readUInt32LE(0),
      offset: Number(part.readBigUInt64LE(8)),
      address: Number(part.readBigUInt64LE(16)),
      length: Number(part.readBigUInt64LE(32)),
    }));
  const table = parts.find(({ type }) => type === dynamic);
  if (!table) return [];
  const entries = new Map<number, number>();
  const bytes = read(table.offset, Math.min(table.length, most.entries * 16));
  for (let entry = 0; entry + 16 <= bytes.length; entry += 16)
    entries.set(Number(bytes.readBigUInt64LE(entry)), Number(bytes.readBigUInt64LE(entry + 8)));
  if (entries.has(tag.runPath) || entries.has(tag.rPath)) return [];
  const offsetOf = (address: number | undefined): number | null => {
    const part = parts.find(
      (one) =>
        one.type === loads && address !== undefined && address >= one.address && address < one.address + one.length,
    );
    return part && address !== undefined ? part.offset + address - part.address : null;
  };
  const [needs, strings] = [offsetOf(entries.get(tag.needed)), offsetOf(entries.get(tag.strings))];
  if (needs === null || strings === null) return [];
  return [...namesOf(read, needs, strings, Math.min(entries.get(tag.count) ?? 0, most.versions))].flatMap(
    (name) => /^GLIBC_(\d{1,3}(?:\.\d{1,3}){1,2})$/.exec(name)?.[1] ?? [],
  );
}

/** Every version that is needed of any library: a list of libraries, each with a list of versions. */
function* namesOf(read: Read, needs: number, strings: number, libraries: number): Generator<string> {
  let library = needs;
  for (let seen = 0, left = most.versions; seen < libraries; seen += 1) {
    const need = read(library, 16);
    if (need.length < 16) return;
    let version = library + need.readUInt32LE(8);
    for (let n = need.readUInt16LE(2); n > 0 && left > 0; n -= 1, left -= 1) {
      const one = read(version, 16);
      if (one.length < 16) return;
      yield read(strings + one.readUInt32LE(8), 64)
        .toString('latin1')
        .split('\0', 1)[0] ?? '';
      if (one.readUInt32LE(12) === 0) break;
      version += one.readUInt32LE(12);
    }
    if (need.readUInt32LE(12) === 0) return;
    library += need.readUInt32LE(12);
  }
}
