// Whole screens, word for word. `COVEN_DOCTOR_SCREENS=write` records them anew: read every line that changed.
import { readFileSync, writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { faultScreens, plainScreens, recordReport, screenOf, whyNoScreen } from '../../fixtures/screens.ts';

const widths = [80, 120];

for (const name of [...plainScreens, ...faultScreens]) {
  const why = whyNoScreen(name);
  if (why !== null) console.log(`no screen of ${name}: ${why}`);
  test.skipIf(why !== null)(name, async () => {
    const report = await recordReport(name);
    for (const columns of widths) {
      const plain = screenOf(report, columns, false);
      const coloured = screenOf(report, columns, true);
      expect(stripVTControlCharacters(coloured)).toBe(plain);
      expect(marked(coloured)).toBe(kept(`${name}.${columns}.txt`, marked(coloured)));
      expect(plain.split('\n').filter((line) => line.length > columns && !isCommand(line))).toEqual([]);
    }
  });
}

/** A command stays on one line, so that it can be pasted. */
const isCommand = (line: string): boolean => /^ {2,}\S/.test(line) && line.startsWith('       ');

/** Colours as words: `<red>[!!]<>`. */
const marked = (screen: string): string =>
  screen.replace(/\u001b\[(\d+)m/g, (_, code: string) => `<${colors[code] ?? code}>`);
const colors: Readonly<Record<string, string>> = { 31: 'red', 33: 'yellow', 35: 'magenta', 90: 'gray', 39: '' };

function kept(file: string, screen: string): string {
  const path = new URL(file, import.meta.url);
  if (process.env.COVEN_DOCTOR_SCREENS === 'write') writeFileSync(path, screen);
  return readFileSync(path, 'utf8');
}
