#!/usr/bin/env node
import { main } from './cli/main.ts';

await main(['doctor', ...process.argv.slice(2)]);
