import { grouped } from '../../model/amounts.ts';
import type { CountedStatus } from '../../run/report.ts';
import { clipped, type Html, html, type Part } from './html.ts';

/** The word and the sign of each standing. The sign does not depend on colour. */
export const badges: Readonly<Record<CountedStatus, { readonly word: string; readonly sign: string }>> = {
  fail: { word: 'failed', sign: '✕' },
  unknown: { word: 'unknown', sign: '?' },
  warn: { word: 'warning', sign: '!' },
  suppressed: { word: 'suppressed', sign: '~' },
  known: { word: 'known', sign: '=' },
  skipped: { word: 'skipped', sign: '–' },
  pass: { word: 'passed', sign: '✓' },
};

export const badge = (status: CountedStatus): Html =>
  html`<span class="badge ${status}"><span aria-hidden="true">${badges[status].sign}</span> ${badges[status].word}</span>`;

export function section(id: string, title: string, ...content: readonly Part[]): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${content}</section>`;
}

/** At most this many rows of a table are shown, because a hostile home can have any number. */
const mostRows = 100;

/**
 * A table whose rows become cards on a narrow screen. Its roles are written out: a browser forgets them when the cells
 * are laid out as blocks.
 */
export function table(caption: string, heads: readonly string[], rows: readonly (readonly Part[])[]): Html {
  const shown = rows.slice(0, mostRows);
  return html`<table role="table"><caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${heads.map((head) => html`<th role="columnheader" scope="col">${head}</th>`)}</tr></thead>
<tbody role="rowgroup">${shown.map(
    (cells) =>
      html`<tr role="row">${cells.map((cell, index) => html`<td role="cell" data-head="${heads[index] ?? ''}"><span>${cell}</span></td>`)}</tr>\n`,
  )}</tbody></table>${rows.length > shown.length ? html`<p class="quiet">${rows.length - shown.length} more are not shown.</p>` : null}`;
}

/** A list of names and values. Unknown values are omitted. */
export const facts = (pairs: readonly (readonly [name: string, value: Part])[]): Html =>
  html`<dl class="facts">${pairs
    .filter(([, value]) => value !== null)
    .map(
      ([name, value]) =>
        html`<div><dt>${name}</dt><dd>${typeof value === 'string' ? clipped(value, 160) : value}</dd></div>\n`,
    )}</dl>`;

export const code = (text: string, limit?: number): Html => html`<samp>${clipped(text, limit)}</samp>`;

/** `2026-11-25 07:50:33` in UTC. A text that is not a time is shown unchanged. */
export function moment(at: string | null): Part {
  if (at === null) return 'not known';
  const time = Date.parse(at);
  return Number.isNaN(time) ? code(at, 40) : html`<time>${stamp(time)}</time>`;
}

/** Like `moment`, but inline, and from milliseconds since 1970. */
export const stamp = (time: number): string => new Date(time).toISOString().slice(0, 19).replace('T', ' ');

/** `4,000,000`. `toLocaleString` would load the tables of every language. */
export const figure = grouped;

/** Our own words. A command in them is between backticks. */
export const prose = (text: string): Part =>
  text.split(/`([^`]*)`/).map((part, index) => (index % 2 === 0 ? part : html`<samp>${part}</samp>`));

/** A fraction as a percentage for an SVG attribute; 0 % if it is not a number. */
export const percent = (share: number): string => `${(100 * Math.min(1, Math.max(0, share || 0))).toFixed(2)}%`;
