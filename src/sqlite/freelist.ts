import type { Owners, Problem } from './owners.ts';
import type { Pages } from './pages.ts';

/** Claims every page of the freelist. Source: the SQLite file format, section 1.5. */
export function walkFreelist(
  pages: Pages,
  owners: Owners,
  tell: (problem: Problem) => void,
  hurry: () => boolean,
): number {
  const { firstTrunk, freePages, usableSize } = pages.header;
  const into = pages.buffer();
  const problem = (page: number, text: string, kind: Problem['kind'] = 'freelist'): void =>
    tell({ kind, page, trees: [], text });
  let [trunk, from, found, trunks] = [firstTrunk, 1, 0, 0];
  while (trunk !== 0) {
    if (hurry()) return trunks;
    const wrong = owners.claim(trunk, 'trunk', null, from);
    if (wrong) {
      tell(wrong);
      return trunks;
    }
    const bytes = pages.read(trunk, into);
    trunks += 1;
    found += 1;
    if (!bytes) {
      problem(trunk, `page ${trunk} of the freelist cannot be read`, 'unreadable');
      return trunks;
    }
    const leaves = bytes.readUInt32BE(4);
    if (leaves > usableSize / 4 - 2) {
      problem(trunk, `page ${trunk} of the freelist says that it lists ${leaves} pages`);
      return trunks;
    }
    for (let index = 0; index < leaves; index += 1) {
      const wrong = owners.claim(bytes.readUInt32BE(8 + 4 * index), 'free', null, trunk);
      if (wrong) tell(wrong);
      found += 1;
    }
    from = trunk;
    trunk = bytes.readUInt32BE(0);
  }
  if (found !== freePages) problem(1, `the freelist has ${found} pages, and the header says ${freePages}`);
  return trunks;
}
