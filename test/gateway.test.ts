import { mkdirSync, writeFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { startDouble, startProgram } from '../fixtures/double.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';
import { canonicalAddress, isTaken } from '../src/host/listening.ts';
import { runSystem } from '../src/programs.ts';

const tail = '00000000:00000000 00:00000000 00000000     0        0 1547 1 0 100 0 0 10 0';
const line = (local: string, state = '0A'): string => `   0: ${local} 00000000:0000 ${state} ${tail}\n`;
const [four, six] = ['0300010A', '000000FD000000000000000001000000'];
const every6 = '0'.repeat(32);
const mapped = '0000000000000000FFFF0000';
const port = 47_801;
const hex = 'BAB9';

/** Lines of the tables of a little-endian machine, and whether another socket may listen at an address. */
const tables: readonly (readonly [what: string, tcp: string, tcp6: string, address: string, taken: boolean])[] = [
  ['nobody listens', '', '', '10.1.0.3', false],
  ['the address itself', line(`${four}:${hex}`), '', '10.1.0.3', true],
  ['every address of IPv4', line(`00000000:${hex}`), '', '10.1.0.3', true],
  ['another address', line(`0400010A:${hex}`), '', '10.1.0.3', false],
  ['an address that ends as it does', line(`0300010B:${hex}`), '', '10.1.0.3', false],
  ['another port', line(`${four}:BABA`), '', '10.1.0.3', false],
  ['a connection from that port', line(`${four}:${hex}`, '01'), '', '10.1.0.3', false],
  ['the address, as one of IPv6', '', line(`${mapped}${four}:${hex}`), '10.1.0.3', true],
  ['every address of IPv4, as one of IPv6', '', line(`${mapped}00000000:${hex}`), '10.1.0.3', true],
  // Nothing in the tables tells whether it is for IPv6 alone.
  ['every address of IPv6', '', line(`${every6}:${hex}`), '10.1.0.3', false],
  ['every address of IPv4', line(`00000000:${hex}`), '', 'fd00::1', false],
  ['every address of IPv6', '', line(`${every6}:${hex}`), 'fd00::1', true],
  ['the address itself', '', line(`${six}:${hex}`), 'fd00::1', true],
  ['the address itself, written in full', '', line(`${six}:${hex}`), 'FD00:0:0:0:0:0:0:1', true],
  ['another address', '', line(`000000FD000000000000000002000000:${hex}`), 'fd00::1', false],
];

test.runIf(endianness() === 'LE').each(tables)(
  '%s is listened at: %s, %s: %s is taken: %s',
  (_, tcp, tcp6, address, taken) => {
    expect(isTaken(address, port, { tcp, tcp6 })).toBe(taken);
  },
);

test.each([
  ['10.1.0.3', '10.1.0.3'],
  ['FD00:0:0::1', 'fd00::1'],
  ['fd00::1', 'fd00::1'],
  ['fd00::10.0.0.1', 'fd00::a00:1'],
])('%s is written %s', (address, canonical) => {
  expect(canonicalAddress(address)).toBe(canonical);
});

const why =
  process.geteuid?.() !== 0
    ? 'it takes root'
    : ['ip', 'unshare', 'nsenter'].find((name) => runSystem(name, ['--help'], 'ignore').status === null);
if (why) console.log(`no network with private addresses can be made: ${why}`);

/** A network that has two private addresses and nobody in it: what a command is run through, to be in it. */
async function makeNetwork(scratch: Scratch): Promise<readonly string[]> {
  const addresses = 'ip addr add 10.1.0.3/32 dev lo && ip addr add fd00::1/128 dev lo nodad';
  const { pid } = await startProgram(scratch, 'unshare', [
    ...['-n', 'sh', '-c', `ip link set lo up && ${addresses} && echo ready && exec sleep 600`],
  ]);
  return ['nsenter', '-t', String(pid), '-n'];
}

async function listen(scratch: Scratch, through: readonly string[], options: object): Promise<void> {
  const program = `require('net').createServer().listen(${JSON.stringify({ port, ...options })}, () => console.log('ready'))`;
  const [file = '', ...words] = [...through, process.execPath, '-e', program];
  await startProgram(scratch, file, words);
}

function makeGateway(scratch: Scratch, bind: string): string {
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'completed' }] });
  mkdirSync(join(home, 'mobile'), { mode: 0o700 });
  const gateway = { enabled: true, bind, advertisedEndpoint: `https://box.internal:${port}` };
  writeFileSync(join(home, 'mobile', 'gateway.json'), JSON.stringify(gateway), { mode: 0o600 });
  return home;
}

const refused = 'home:config gateway-refused fail';

describe.skipIf(why !== undefined)('in a network of its own (needs root)', () => {
  test.each([
    ['10.1.0.3:47801', { host: '10.1.0.3' }, [refused]],
    ['10.1.0.3:47801', { host: '0.0.0.0' }, [refused]],
    ['10.1.0.3:47801', { host: '::', ipv6Only: true }, []],
    ['10.1.0.3:47801', { host: 'fd00::1' }, []],
    ['10.1.0.3:47801', { host: '127.0.0.1' }, []],
    ['[fd00::1]:47801', { host: 'fd00::1' }, [refused]],
    ['[fd00:0:0:0:0:0:0:1]:47801', { host: '::', ipv6Only: true }, [refused]],
    ['[fd00:0:0:0:0:0:0:1]:47801', { host: '::1' }, []],
    ['[fd00::1]:47801', { host: '0.0.0.0' }, []],
  ])('a gateway at %s, and another program at %o', async (bind, at, faults) => {
    await using scratch = await makeScratch();
    const through = await makeNetwork(scratch);
    const home = makeGateway(scratch, bind);
    await listen(scratch, through, at);
    expect((await diagnose(home, { through })).faults).toEqual([...faults, 'daemon stopped warn']);
  });

  /** Each has its port itself, whatever it answers. */
  test.each([
    ['says nothing', { answer: 'silent' }],
    ['is in the middle of its start', { listen: false }],
    ['is unreachable', { unlink: true }],
    ['answers what is no health', { answer: 'banner' }],
    ['has lost its lock, and is unreachable', { lock: false, unlink: true }],
  ])('a daemon of the home that %s is no other program', async (_, options) => {
    await using scratch = await makeScratch();
    const through = await makeNetwork(scratch);
    const home = makeGateway(scratch, `10.1.0.3:${port}`);
    await startDouble(scratch, home, options);
    await listen(scratch, through, { host: '10.1.0.3' });
    const { all, faults } = await diagnose(home, { through, daemonLives: true });
    expect(faults).not.toEqual([]);
    expect(all.filter((line) => line.startsWith('home:config '))).toEqual(['home:config ok pass']);
  });
});
