import { type BigIntStats, lstatSync } from 'node:fs';

/** What a ledger's main file and WAL are like from outside: it changes with every write to one of them. */
export function fingerprintOf(ledger: string): string {
  return ['', '-wal']
    .map((suffix) => partOf(lstatSync(ledger + suffix, { bigint: true, throwIfNoEntry: false })))
    .join();
}

const partOf = (stat: BigIntStats | undefined): string =>
  stat ? [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(':') : 'absent';
