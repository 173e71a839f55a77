import { merge } from '../../rescue/merge.ts';
import type { Merged, MergeRequest } from '../../rescue/report.ts';

export const work = (request: MergeRequest): Merged => merge(request);
