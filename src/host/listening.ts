import { isIP } from 'node:net';
import { endianness } from 'node:os';

/** An address of IP in the one way to write it that is compared with others; an address of IPv6 has many. */
export const canonicalAddress = (address: string): string =>
  isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;

/** What of `/proc/net/tcp` and `/proc/net/tcp6` tells who listens. */
export interface TcpTables {
  readonly tcp: string;
  readonly tcp6: string;
}

/** Source: include/net/tcp_states.h of Linux, TCP_LISTEN. */
const listens = '0A';
/** `::ffff:` before an address of IPv4. Source: RFC 4291, 2.5.5.2. */
const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/**
 * Whether a socket that listens certainly keeps another one from this address and port. One at `::` takes an address of IPv4 only
 * where it is not IPV6_V6ONLY, which these tables do not tell: it does not count for one.
 */
export function isTaken(address: string, port: number, { tcp, tcp6 }: TcpTables): boolean {
  const wantedPort = port.toString(16).padStart(4, '0').toUpperCase();
  const isAt = (table: string, ...addresses: readonly (readonly number[])[]): boolean => {
    const wanted = addresses.map((bytes) => `${inTable(bytes)}:${wantedPort}`);
    return table.split('\n').some((line) => {
      const [, local = '', , state] = line.trim().split(/\s+/, 4);
      return state === listens && wanted.includes(local);
    });
  };
  const bytes = bytesOf(address);
  const every = bytes.map(() => 0);
  if (isIP(address) === 6) return isAt(tcp6, bytes, every);
  return isAt(tcp, bytes, every) || isAt(tcp6, [...mapped, ...bytes], [...mapped, ...every]);
}

/** Words of 32 bits, each as a number of this machine. Source: proc(5), /proc/net/tcp. */
function inTable(bytes: readonly number[]): string {
  const words = Array.from({ length: bytes.length / 4 }, (_, index) => bytes.slice(4 * index, 4 * index + 4));
  return words
    .flatMap((word) => (endianness() === 'LE' ? word.toReversed() : word))
    .map((byte) => byte.toString(16).padStart(2, '0').toUpperCase())
    .join('');
}

function bytesOf(address: string): readonly number[] {
  if (isIP(address) !== 6) return address.split('.').map(Number);
  const [before = [], after = []] = canonicalAddress(address)
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''));
  const groups = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
  return groups.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
