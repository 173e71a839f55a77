import { createHash } from 'node:crypto';
import type { Observation } from '../observation.ts';
import type { Report } from '../report.ts';
import { renderFindings } from './page/findings.ts';
import { html, toText } from './page/html.ts';
import { renderInstall } from './page/install.ts';
import { renderProcesses } from './page/processes.ts';
import { renderSessions } from './page/sessions.ts';
import { subjectOf } from './page/sight.ts';
import { renderStorage } from './page/storage.ts';
import { style } from './page/style.ts';
import { renderTimeline } from './page/timeline.ts';
import { renderVerdict } from './page/verdict.ts';

const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(toText(style)).digest('base64')}'; base-uri 'none'; form-action 'none'`;

/**
 * The page that support looks at first: one file that asks nobody for anything and runs nothing. Whatever the home's
 * names, logs and rows say is text in it, and no link. Paths stay role tokens.
 * @param observations what the report's checks saw, in any order; what is missing is told as not seen
 */
export function renderPage(report: Report, observations: Iterable<Observation>): string {
  const subject = subjectOf(report, observations);
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
<nav aria-label="Parts of this page"><a href="#findings">Findings</a> <a href="#timeline">Starts and stops</a> <a href="#sessions">Sessions</a> <a href="#storage">Storage</a> <a href="#processes">Processes</a> <a href="#install">Installed</a></nav>
${renderFindings(subject)}
${renderTimeline(subject)}
${renderSessions(subject)}
${renderStorage(subject)}
${renderProcesses(subject)}
${renderInstall(subject)}
</main>
<footer><p>Made by coven-doctor in run <samp>${report.runId}</samp>. This page holds no script and asks no one for anything.</p></footer>
</body>
</html>
`);
}
