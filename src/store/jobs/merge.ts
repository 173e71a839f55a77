import { merge } from '../../rescue/merge.ts';
import type { MergeReport, MergeRequest } from '../../rescue/report.ts';

export const work = (request: MergeRequest): MergeReport => merge(request);
