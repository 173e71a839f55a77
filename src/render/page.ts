import { createHash } from 'node:crypto';
import type { Observation } from '../model/observation.ts';
import type { Report } from '../run/report.ts';
import { renderFindings } from './page/findings.ts';
import { html, toText } from './page/html.ts';
import { renderInstall } from './page/install.ts';
import { renderProcesses } from './page/processes.ts';
import { renderRescued } from './page/rescue.ts';
import { renderSessions } from './page/sessions.ts';
import { renderStorage } from './page/storage.ts';
import { style } from './page/style.ts';
import { type MadeBy, subjectOf } from './page/subject.ts';
import { renderTimeline } from './page/timeline.ts';
import { renderVerdict } from './page/verdict.ts';

const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(toText(style)).digest('base64')}'; base-uri 'none'; form-action 'none'`;

/** Warns of texts that are not known to be harmless, because a reader would take them for as clean as the rest. */
const asked = {
  'log-text':
    'Made with --include-log-text: lines of logs and texts of errors that no known program writes are in this bundle. They were searched for known kinds of secrets alone.',
  titles: 'Made with --include-titles: titles and labels of sessions are in this bundle.',
  events: 'Made with --include-events: what one session said and was told is in this bundle.',
} as const;

/**
 * The page that support reads first: one file that loads nothing and runs nothing. Names, logs and rows of the home are
 * plain text in it, never links. Paths stay role tokens.
 * @param included texts that the user asked for although they are not known to be harmless
 * @param made the tool and the machine named under the headline
 * @param observations the observations of the report's checks, in any order; the page says which are missing
 */
export function renderPage(
  report: Report,
  observations: Iterable<Observation>,
  included: readonly (keyof typeof asked)[] = [],
  made: MadeBy | null = null,
): string {
  const subject = subjectOf(report, observations, made);
  return toText(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>coven-doctor: report of ${report.startedAt}</title>
<style>${style}</style>
</head>
<body>
<main>
${renderVerdict(subject)}
<nav aria-label="Parts of this page"><a href="#timeline">What happened</a> <a href="#findings">Findings</a> ${made?.rescue ? html`<a href="#rescue">Rescue</a> ` : null}<a href="#sessions">Sessions</a> <a href="#storage">Storage</a> <a href="#processes">Processes</a> <a href="#install">Installed</a></nav>
${renderTimeline(subject)}
${renderFindings(subject)}
${renderRescued(subject)}
${renderSessions(subject)}
${renderStorage(subject)}
${renderProcesses(subject)}
${renderInstall(subject)}
</main>
<footer>${included.map((what) => html`<p><strong>${asked[what]}</strong></p>`)}<p>Made by coven-doctor in run <samp>${report.runId}</samp>. This page holds no script and asks no one for anything.</p></footer>
</body>
</html>
`);
}
