import type { RawRows, RawRowsRequest } from '../../sqlite/answers.ts';
import { patience } from '../../sqlite/patience.ts';
import { readRawRows } from '../../sqlite/raw-rows.ts';

export const work = (request: RawRowsRequest): RawRows => readRawRows(request, patience(request.milliseconds));
