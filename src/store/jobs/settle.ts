import { checkpoint, openToWrite } from '../../sqlite/open-to-write.ts';

/** A checkpoint copies pages of the WAL, without a look at what is in them. */
export function work({ copy }: { readonly copy: string }): boolean {
  const db = openToWrite(copy);
  try {
    return checkpoint(db);
  } finally {
    db.close();
  }
}
