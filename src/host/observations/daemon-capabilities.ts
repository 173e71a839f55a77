import { askCapabilities } from '../daemon.ts';
import type { Look } from '../look.ts';
import { list, text } from '../shape.ts';
import { type Answer, answer } from './daemon-health.ts';

/** The ids of its catalogue. */
export const schema = () => answer(list(text));

export const take = (look: Look): Promise<Answer<readonly string[]>> => askCapabilities(look);
