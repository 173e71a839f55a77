import type { StoreBytes } from '../../model/observation.ts';
import type { BytesRequest } from '../../sqlite/answers.ts';
import { readBytes } from '../../sqlite/bytes.ts';
import { patience } from '../../sqlite/patience.ts';

export const work = (request: BytesRequest): StoreBytes =>
  readBytes(request.ledger, { ...request, hurry: patience(request.milliseconds) });
