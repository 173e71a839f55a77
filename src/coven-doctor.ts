#!/usr/bin/env node
import { argv, exit, stderr } from 'node:process';

// Loaded from here, so that a file that cannot be opened is told, too. Not awaited: what waits for ever is told by main.
import('./cli/main.ts').then(
  ({ main }) => main(['doctor', ...argv.slice(2)]),
  ({ code }) => {
    stderr.write(`coven-doctor: it cannot be loaded (${code}); check the limit of open files and the installation\n`);
    exit(2);
  },
);
