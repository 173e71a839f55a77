import { openToRead } from '../../sqlite/open-to-read.ts';
import type { Content } from '../answers.ts';
import { rowsOf, writerMs } from '../copy-content.ts';

const allPages = 0x7fffffff;

export async function work({ from, to }: { readonly from: string; readonly to: string }): Promise<Content> {
  const db = openToRead(from, writerMs);
  try {
    // The transaction begins with the first row that is read, and the copy is made within it, of the very state that was
    // read. Copying first would not do: a copy outside a transaction that has begun has one of its own.
    db.exec('BEGIN');
    const content = rowsOf(db);
    // `progress` is asked after a first step of no pages; the second takes them all, so no writer can get between.
    await db.backup(to, { progress: () => allPages });
    db.exec('COMMIT');
    return content;
  } finally {
    db.close();
  }
}
