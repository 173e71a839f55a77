import type { Command } from './command.ts';
import { daemon } from './daemon.ts';
import { diagnose } from './diagnose.ts';
import { evidence } from './evidence.ts';
import { learn } from './learn.ts';
import { repair } from './repair.ts';
import { rescue } from './rescue.ts';
import { sessions } from './sessions.ts';
import { upgrade } from './upgrade.ts';

/** Every command: parser, help, completions and the manual page are made of it. */
export const commands: readonly Command[] = [
  ...diagnose,
  ...sessions,
  ...repair,
  ...rescue,
  ...evidence,
  ...upgrade,
  ...daemon,
  ...learn,
];
