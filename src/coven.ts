#!/usr/bin/env node
import { argv, exit, stderr } from 'node:process';

import('./cli/main.ts').then(
  ({ main }) => main(argv.slice(2)),
  ({ code }) => {
    stderr.write(`coven: it cannot be loaded (${code}); check the limit of open files and the installation\n`);
    exit(2);
  },
);
