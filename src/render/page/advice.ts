import { type Advice, shellLine } from '../../model/advice.ts';
import { clipped, type Html, html } from './html.ts';
import { code, prose } from './parts.ts';

/** Sentences and commands in their order. Each command is a block of its own, marked as code. */
export const advice = (parts: Advice): readonly Html[] =>
  parts.map((part) =>
    typeof part === 'string'
      ? html`<p>${prose(clipped(part, 600))}</p>`
      : html`<p class="command">${code(shellLine(part), 600)}</p>`,
  );
