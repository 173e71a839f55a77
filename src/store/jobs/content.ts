import type { Content } from '../answers.ts';
import { contentOf } from '../copy-content.ts';

export const work = ({ copy }: { readonly copy: string }): Content => contentOf(copy);
