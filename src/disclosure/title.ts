import { placeholder } from '../redaction/templates/placeholders.ts';

/** A word as people write it, a short number, and what stands for what was taken out. */
const written = /^(?:["'(]?\p{L}[\p{Ll}'’-]{0,19}[)"'.,:;!?]{0,2}|\d{1,4}|\[REDACTED\]|\u2039text:\d{1,9}\u203a)$/u;

/**
 * A title from which known secrets were taken, by which its owner knows a session. It is a prompt, and may hold anything: what is
 * encoded, or made by a machine, is told by its shape.
 */
export const shownTitle = (title: string): string =>
  title.replace(/\S+/g, (word) => (written.test(word) ? word : placeholder(word)));
