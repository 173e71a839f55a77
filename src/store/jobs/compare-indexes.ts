import type { IndexComparison } from '../../model/observation.ts';
import { openToRead } from '../../sqlite/open-to-read.ts';
import { writerMs } from '../copy-content.ts';
import { compareIndexes } from '../index-entries.ts';

export function work({ ledger }: { readonly ledger: string }): IndexComparison {
  const db = openToRead(ledger, writerMs);
  try {
    return compareIndexes(db);
  } finally {
    db.close();
  }
}
