import { parsePage } from '../sqlite/page.ts';
import type { ChainReader } from './chain.ts';
import type { Image } from './image.ts';
import { type FoundSchema, type SchemaObject, schemaRows, walkSchema } from './schema.ts';
import type { Source } from './source.ts';

/**
 * The schema as its tree has it. Where that is damaged, rows of it are looked for in every page: first in pages of the
 * database, then in those of the main file that frames have replaced.
 */
export function findSchema(source: Source, image: Image, chains: ChainReader): FoundSchema {
  const { usableSize, pageSize } = source.format;
  const walked = walkSchema(image, usableSize, pageSize, chains);
  if (walked.complete && ['sessions', 'events'].every((table) => walked.objects.some(({ name }) => name === table)))
    return walked;
  const found = new Map<string, SchemaObject>(
    walked.objects.map((object) => [`${object.type} ${object.name}`, object]),
  );
  const into = Buffer.alloc(pageSize);
  for (let number = 1; number <= image.count; number += 1) {
    const bytes = image.read(number, into);
    const page = bytes && parsePage(bytes, number, usableSize);
    if (page && typeof page !== 'string' && page.isTable && page.isLeaf && page.cells > 0)
      schemaRows(page.bytes, number, usableSize, chains, found);
  }
  return { objects: [...found.values()], complete: false };
}
