import { parseHeader } from '../sqlite/header.ts';
import { checkLayout, parsePage } from '../sqlite/page.ts';
import { type OpenFile, readWhole } from '../sqlite/pages.ts';
import { cellsOf } from '../sqlite/tree.ts';

/** How the pages of a file are cut. */
export interface Format {
  readonly pageSize: number;
  /** The page size less the bytes that are reserved at the end of each page. */
  readonly usableSize: number;
}

/** Coven's. */
const usual: Format = { pageSize: 4096, usableSize: 4096 };

const sampled = 400;

/**
 * The page size and the reserved bytes of a damaged file, told by its pages: the header is tried first, then what the WAL
 * says, then what Coven writes, and the one counts with which most pages are b-tree pages whose cells lie as they must.
 */
export function findFormat(main: OpenFile | null, walPageSize: number | null): Format {
  const start = main && readWhole(main.fd, Buffer.alloc(100), 0);
  const header = start && parseHeader(start);
  const tried: Format[] = [
    ...(header ? [{ pageSize: header.pageSize, usableSize: header.usableSize }] : []),
    ...(walPageSize ? [{ pageSize: walPageSize, usableSize: walPageSize }] : []),
    usual,
    ...[1024, 2048, 8192, 16_384, 32_768, 65_536, 512].map((size) => ({ pageSize: size, usableSize: size })),
  ];
  let [best, most] = [tried[0] ?? usual, -1];
  for (const format of tried) {
    const found = main ? soundPages(main, format) : 0;
    if (found > most) [best, most] = [format, found];
  }
  return best;
}

/** Of some pages spread over the file, the share in a thousand that are sound b-tree pages. */
function soundPages({ fd, size }: OpenFile, { pageSize, usableSize }: Format): number {
  const pages = Math.floor(size / pageSize);
  const step = Math.max(1, Math.floor(pages / sampled));
  const into = Buffer.alloc(pageSize);
  let [sound, read] = [0, 0];
  for (let number = 1; number <= pages; number += step) {
    const bytes = readWhole(fd, into, (number - 1) * pageSize);
    read += 1;
    const page = bytes && parsePage(bytes, number, usableSize);
    if (page && typeof page !== 'string' && page.cells > 0 && checkLayout(page, [...cellsOf(page)]) === null)
      sound += 1;
  }
  return read === 0 ? 0 : Math.round((1000 * sound) / read);
}
