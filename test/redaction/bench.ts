// `npm run bench:redaction`: MB of logs a second of one core's time (user and system), since machines are shared.
import { harmlessSamples, secretSamples } from '../../fixtures/redaction/corpus.ts';
import { digits, hex, lower, makeRandom } from '../../fixtures/redaction/random.ts';
import { makeRedactor } from '../../src/redaction/redactor.ts';
import { makeTokens } from '../../src/redaction/tokens.ts';

const megabytes = 16;
const runs = 7;
const chunk = 64 * 1024;
const random = makeRandom(3);
const time = (): string => `2026-11-24T10:${random.between(10, 59)}:42.${random.text(digits, 3)}Z`;
const id = (): string => `${random.text(hex, 8)}-1111-4222-8333-${random.text(hex, 12)}`;

/** Lines of a recovery log, of events and of servers; one in eight names a folder of the home, one in 200 holds a secret. */
const lines: readonly (() => string)[] = [
  () => `[${time()}] startup_checkpoint phase=socket_bound elapsed_ms=${random.below(99)}\n`,
  () =>
    `{"seq":${random.below(99999)},"session_id":"${id()}","kind":"output","payload":"{\\"data\\":\\"ran ${random.text(lower, 8)} in /home/ada/src/project/index.ts\\\\r\\\\n\\"}"}\n`,
  () =>
    `${time()} INFO  request completed method=GET path=/api/v1/sessions status=200 duration_ms=${random.below(99)} bytes=${random.below(9999)}\n`,
  () =>
    `    at Object.<anonymous> (/srv/app/node_modules/some-package/dist/index.js:${random.below(999)}:${random.below(99)})\n`,
  () =>
    `${time()} DEBUG usage input_tokens=${random.below(9999)} output_tokens=${random.below(999)} model=some-model-4 cache_key=row:${random.below(99)}\n`,
  () => 'The quick brown fox jumps over the lazy dog and then tells the long story of how it went\n',
  () =>
    `${time()} WARN  retrying connection to upstream attempt=${random.below(9)} after 250ms (connection reset by peer)\n`,
  () =>
    `${time()} TRACE ${random.text(lower, 6)}::${random.text(lower, 9)}: poll returned ready, ${random.below(9)} events in ${random.below(999)} us\n`,
];

function log(): Buffer {
  const parts: string[] = [];
  let length = 0;
  while (length < megabytes * 1e6) {
    const line = random.below(200) === 0 ? `API_TOKEN=${random.text(lower + digits, 30)}\n` : random.pick(lines)();
    parts.push(line);
    length += line.length;
  }
  return Buffer.from(parts.join(''));
}

const redactor = makeRedactor({
  knownValues: [random.text(lower + digits, 24), random.text(lower + digits, 40)],
  tokens: makeTokens([
    { as: 'user', names: ['ada'] },
    { as: 'host', names: ['adas-laptop.local', 'adas-laptop'] },
    { as: 'home', names: ['/home/ada'] },
    { as: 'project', names: ['/home/ada/src/project'] },
  ]),
});

function measure(name: string, data: Buffer): void {
  const rates: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const { push, end } = redactor.bytes();
    const before = process.cpuUsage();
    for (let at = 0; at < data.length; at += chunk) push(data.subarray(at, at + chunk));
    end();
    const { user, system } = process.cpuUsage(before);
    if (run > 0) rates.push(data.length / (user + system));
  }
  rates.sort((one, other) => one - other);
  const median = rates[rates.length >> 1] ?? 0;
  console.log(
    `${name.padEnd(36)} ${(data.length / 1e6).toFixed(0).padStart(3)} MB  ${median.toFixed(1).padStart(6)} MB/s (best ${rates.at(-1)?.toFixed(1)})`,
  );
}

measure('logs', log());
measure('the corpus: a secret on every line', Buffer.concat([...secretSamples(1, 20_000)].map(({ bytes }) => bytes)));
measure('the corpus: look-alikes', Buffer.concat([...harmlessSamples(1, 20_000)].map(({ bytes }) => bytes)));
