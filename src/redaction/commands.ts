import { spend } from './budget.ts';
import { type Found, type Line, matchAt } from './line.ts';
import { mark } from './values.ts';

/** Only so many characters are searched for an option, to keep the time linear. */
const longestCommand = 400;

/** Programs that take a secret under an option whose name does not say so. */
const programs: readonly (readonly [word: string, pattern: RegExp])[] = [
  [
    'curl ',
    /curl [^\n|]{0,400}?(?:^|[ '"])(?:-u|--user|--proxy-user|-U)(?:[ =]{1,2}|(?=\w))["']?[^\s"':]{1,80}:([^\s"']{1,400})/dy,
  ],
  ['wget ', /wget [^\n|]{0,400}?--(?:http-)?passw?o?r?d?[ =]["']?([^\s"']{1,400})/dy],
  ['sshpass ', /sshpass [ ]{0,4}-p[ ]{0,4}["']?([^\s"']{1,400})/dy],
  ['mysql', /mysql(?:dump|admin)? [^\n|]{0,200}? -p([^\s"'-][^\s"']{1,200})/dy],
  ['redis-cli ', /redis-cli [^\n|]{0,200}?(?:-a|--pass)[ ]{1,4}["']?([^\s"']{1,400})/dy],
  ['docker login', /docker login [^\n|]{0,200}?-p[ =]{1,2}["']?([^\s"']{1,400})/dy],
  ['identified by', /identified by ["'`]([^"'`\n]{1,400})/diy],
];

export const commandWords = programs.map(([word]) => word);

/** The secret on the command line that starts at `at`, if any. */
export function commandAt(line: Line, at: number, word: number): Found | null {
  const pattern = programs[word]?.[1];
  const match = pattern && matchAt(pattern, line.text, at);
  if (!match) spend(longestCommand);
  const [start, end] = match?.indices?.[1] ?? [0, 0];
  if (end === 0 || end > line.end || line.text.startsWith(mark, start) || /^\$/.test(line.text.slice(start, end)))
    return null;
  return { spans: [{ start, end, rule: 'command-secret', by: mark }], open: null, next: end };
}
