import { criticalDiskBytes, lowDiskBytes, warnedWalBytes } from '../../coven/contract.ts';
import { backupBytes, descriptorShares, fewInodes, floodBytes, largeWalBytes } from '../../coven/limits.ts';
import { bytes } from '../../model/amounts.ts';
import { clipped, type Html, html } from './html.ts';
import { figure, percent, section } from './parts.ts';
import type { Subject } from './subject.ts';

type Level = 'pass' | 'warn' | 'fail';

/** A value on a scale with its limits. Shares are fractions of the scale. */
interface Meter {
  readonly name: string;
  readonly value: string;
  readonly share: number;
  readonly level: Level;
  readonly limits: readonly { readonly share: number; readonly level: 'warn' | 'fail' }[];
  /** The end of the scale. */
  readonly end: string;
  readonly note: string;
}

/** Disk, WAL, ledger, log, queue and descriptors against their limits. */
export function renderStorage(subject: Subject): Html {
  const meters = [...disk(subject), ...ledger(subject), ...daemon(subject), ...log(subject)];
  return section(
    'storage',
    'Storage against its limits',
    meters.length > 0
      ? [html`<ul class="meters">${meters.map(meter)}</ul>`, legend]
      : html`<p>Nothing of it could be seen.</p>`,
  );
}

const words: Readonly<Record<Level, string>> = {
  pass: 'within the limits',
  warn: 'beyond the limit of a warning',
  fail: 'failing',
};

const key = (shape: Html, said: string): Html =>
  html`<li><svg aria-hidden="true" width="18" height="14">${shape}</svg> ${said}</li>`;

const legend = html`<ul class="legend">
${key(html`<rect class="fill pass" y="2" width="18" height="10" rx="5"/>`, words.pass)}
${key(html`<rect class="fill warn" y="2" width="18" height="10" rx="5"/>`, words.warn)}
${key(html`<rect class="fill fail" y="2" width="18" height="10" rx="5"/>`, words.fail)}
${key(html`<rect class="limit warn" x="8" width="2" height="14"/>`, 'limit of a warning')}
${key(html`<rect class="limit fail" x="8" width="2" height="14"/>`, 'limit of a failure')}
</ul>`;

function meter({ name, value, share, level, limits, end, note }: Meter): Html {
  const ticks = limits.map(
    (limit) => html`<rect class="limit ${limit.level}" x="${percent(limit.share)}" y="0" width="2" height="18"/>`,
  );
  return html`<li class="meter"><h3>${name}</h3> <p class="value">${value}</p>
<svg role="img" aria-label="${name}: ${value}, ${words[level]}" width="100%" height="18"><rect class="track" width="100%" y="4" height="10" rx="5"/><rect class="fill ${level}" width="${percent(share)}" y="4" height="10" rx="5"/>${ticks}</svg><p class="ends"><span>0</span><span>${end}</span></p>
<p class="quiet">${note}</p></li>\n`;
}

/** `above`: a value at its limit or beyond is bad. Of two limits, the worse one counts. */
const above = (value: number, warn: number, fail = Number.POSITIVE_INFINITY): Level =>
  value >= fail ? 'fail' : value >= warn ? 'warn' : 'pass';
const below = (value: number, warn: number, fail: number): Level =>
  value < fail ? 'fail' : value < warn ? 'warn' : 'pass';

function disk({ seen }: Subject): readonly Meter[] {
  const found = seen['home.disk'];
  if (!found) return [];
  const { freeBytes, totalBytes, freeInodes, totalInodes } = found;
  const left = (free: number, total: number): number => (total > 0 ? 1 - free / total : 0);
  const space: Meter = {
    name: 'Disk',
    value: `${bytes(freeBytes)} free of ${bytes(totalBytes)}`,
    share: left(freeBytes, totalBytes),
    level: below(freeBytes, lowDiskBytes, criticalDiskBytes),
    limits: [
      { share: left(lowDiskBytes, totalBytes), level: 'warn' },
      { share: left(criticalDiskBytes, totalBytes), level: 'fail' },
    ],
    end: `${bytes(totalBytes)}, all of it used`,
    note: `Low below ${bytes(lowDiskBytes)}; below ${bytes(criticalDiskBytes)} Coven stops its maintenance and fails to record sessions.`,
  };
  if (totalInodes === 0) return [space];
  return [
    space,
    {
      name: 'Files on that disk',
      value: `room for ${figure(freeInodes)} more of ${figure(totalInodes)}`,
      share: left(freeInodes, totalInodes),
      level: below(freeInodes, fewInodes.warn, fewInodes.fail),
      limits: [{ share: left(fewInodes.warn, totalInodes), level: 'warn' }],
      end: `${figure(totalInodes)}, all of them used`,
      note: `Low below ${figure(fewInodes.warn)}.`,
    },
  ];
}

function ledger({ seen }: Subject): readonly Meter[] {
  const files = seen['store.files'];
  if (!files) return [];
  const { main, wal } = files;
  const free = seen['home.disk']?.freeBytes ?? null;
  const wanted = backupBytes(main.size + wal.size, lowDiskBytes);
  const scale = Math.max(wal.size, largeWalBytes * 1.1);
  const walMeter: Meter = {
    name: 'WAL',
    value: wal.kind === 'absent' ? 'none' : bytes(wal.size),
    share: wal.size / scale,
    level: above(wal.size, warnedWalBytes, largeWalBytes),
    limits: [
      { share: warnedWalBytes / scale, level: 'warn' },
      { share: largeWalBytes / scale, level: 'fail' },
    ],
    end: bytes(Math.round(scale)),
    note: `Coven warns from ${bytes(warnedWalBytes)} on; from ${bytes(largeWalBytes)} on something holds it back.`,
  };
  if (free === null) return [walMeter];
  return [
    {
      name: 'Ledger, and room for a backup of it',
      value: `${bytes(main.size)} ledger; ${bytes(wanted)} wanted, ${bytes(free)} free`,
      share: wanted / Math.max(wanted, free),
      level: above(wanted, free),
      limits: [{ share: Math.min(1, free / Math.max(wanted, free)) * 0.995, level: 'warn' }],
      end: bytes(Math.max(wanted, free)),
      note: 'A backup wants twice the ledger and its WAL, and 1 GiB that stays free.',
    },
    walMeter,
  ];
}

function daemon({ seen }: Subject): readonly Meter[] {
  const body = seen['daemon.health']?.body;
  const process = seen['daemon.process'];
  const meters: Meter[] = [];
  if (body && body.queuedBytes !== null && body.capacityBytes) {
    const share = body.queuedBytes / body.capacityBytes;
    meters.push({
      name: 'Events waiting to be written',
      value: `${bytes(body.queuedBytes)} of ${bytes(body.capacityBytes)}`,
      share,
      level: body.writerState === 'failed' ? 'fail' : above(share, body.writerState === 'pressured' ? 0 : 0.8, 1),
      limits: [{ share: 0.995, level: 'fail' }],
      end: bytes(body.capacityBytes),
      note: `The writer calls itself ${clipped(body.writerState ?? 'nothing', 40)}; ${body.droppedEvents ?? 'an unknown number of'} events were dropped.`,
    });
  }
  if (body && body.backlogEvents !== null) {
    meters.push({
      name: 'Events waiting to be removed',
      value: figure(body.backlogEvents),
      share: body.backlogEvents / 100_000,
      level: 'pass',
      limits: [],
      end: '100,000 or more',
      note: 'Coven removes up to 5,000 a minute of those past their time.',
    });
  }
  if (process && process.descriptors !== null && process.limit) {
    const share = process.descriptors / process.limit;
    meters.push({
      name: 'Descriptors of the daemon',
      value: `${process.descriptors} of ${process.limit}`,
      share,
      level: above(share, descriptorShares.warn, descriptorShares.fail),
      limits: [
        { share: descriptorShares.warn, level: 'warn' },
        { share: descriptorShares.fail, level: 'fail' },
      ],
      end: figure(process.limit),
      note: 'At the limit no connection is accepted any more.',
    });
  }
  return meters;
}

function log({ seen }: Subject): readonly Meter[] {
  const story = seen['daemon.log'];
  if (!story) return [];
  const scale = Math.max(story.burstBytes, floodBytes * 1.1);
  return [
    {
      name: 'Daemon log',
      value: `${bytes(story.bytes)}; ${bytes(story.burstBytes)} in its last ten minutes`,
      share: story.burstBytes / scale,
      level: above(story.burstBytes, floodBytes),
      limits: [{ share: floodBytes / scale, level: 'warn' }],
      end: bytes(Math.round(scale)),
      note: `A flood from ${bytes(floodBytes)} in ten minutes on.`,
    },
  ];
}
