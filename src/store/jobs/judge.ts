import type { Judgement } from '../../sqlite/answers.ts';
import { judgeCopy } from '../../sqlite/judge.ts';

export const work = ({ copy }: { readonly copy: string }): Judgement => judgeCopy(copy);
