import { html } from './html.ts';

/**
 * The whole style of the page. Its hash is what the page's policy allows; no element has a style of its own. Colour is
 * never alone: a sign or a word stands beside it.
 */
export const style = html`
:root {
  color-scheme: light dark;
  --paper: #f5f6f8; --card: #fff; --ink: #1b2330; --quiet: #5a6576; --line: #e2e6ec; --tint: #f0f2f6;
  --fail: #b3261e; --warn: #8f5f00; --unknown: #5b45b0; --good: #1f7a4d; --link: #2458b8;
  --fail-tint: #fcefed; --warn-tint: #fcf4e2; --unknown-tint: #f1eefb; --good-tint: #eaf5ef;
  --completed: #4f8f74; --running: #3d74c9; --idle: #6d92cf; --created: #8191aa; --killed: #7b8494; --cancelled: #8a93a4; --orphaned: #b57c14; --failed: #c5483e; --other: #8a74c2;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #11151b; --card: #191f28; --ink: #e4e8ef; --quiet: #9ba6b6; --line: #2a323e; --tint: #212934;
    --fail: #f58a80; --warn: #e3b458; --unknown: #b7a6f3; --good: #6ec598; --link: #8db4f5;
    --fail-tint: #2f1d1d; --warn-tint: #2d2617; --unknown-tint: #242036; --good-tint: #18291f;
    --completed: #5fa88a; --running: #6b9cec; --idle: #6f8cba; --created: #71809a; --killed: #8d97a8; --cancelled: #6d7686; --orphaned: #dca945; --failed: #e0695e; --other: #a593d8;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 0; display: grid; gap: 1.25rem; grid-template-columns: minmax(0, 1fr); }
footer { max-width: 62rem; margin: 0 auto; padding: 1rem 1rem 2.5rem; color: var(--quiet); font-size: .85rem; }
section, .verdict { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.25rem 1.4rem; }
h1, h2, h3, p, ul, ol, dl, figure { margin: 0; }
h1, h2, h3, p, li, dd, dt, td, th, caption, samp, summary { overflow-wrap: anywhere; unicode-bidi: isolate; }
td, th { overflow-wrap: break-word; }
time { white-space: nowrap; }
h2 { font-size: 1.15rem; font-weight: 650; letter-spacing: -.01em; margin-bottom: .75rem; }
h3 { font-size: 1rem; font-weight: 600; }
h3.minor { font-size: .9rem; color: var(--quiet); margin: 1.1rem 0 .5rem; }
samp { font: .875em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; background: var(--tint); border-radius: 5px; padding: .1em .35em; }
.quiet { color: var(--quiet); font-size: .9rem; }
.note { background: var(--tint); border-radius: 8px; padding: .6rem .8rem; margin-bottom: .9rem; font-size: .92rem; }

.verdict { background: var(--accent-tint); border-color: transparent; padding: 1.6rem 1.7rem; }
.verdict.fail { --accent: var(--fail); --accent-tint: var(--fail-tint); }
.verdict.warn { --accent: var(--warn); --accent-tint: var(--warn-tint); }
.verdict.unknown { --accent: var(--unknown); --accent-tint: var(--unknown-tint); }
.verdict.pass { --accent: var(--good); --accent-tint: var(--good-tint); }
.brand { font-size: .8rem; font-weight: 600; letter-spacing: .06em; color: var(--quiet); }
h1 { font-size: clamp(1.5rem, 4.5vw, 2.1rem); line-height: 1.2; font-weight: 700; letter-spacing: -.02em; margin: .35rem 0 .6rem; }
.sign { color: var(--accent); }
.sentence { font-size: 1.1rem; max-width: 48rem; }
.verdict samp { background: var(--card); }
.tally { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .4rem 1.2rem; margin-top: 1rem; color: var(--quiet); font-size: .92rem; }
.tally strong { color: var(--ink); font-size: 1.05rem; }
.tally .fail strong { color: var(--fail); }
.tally .warn strong { color: var(--warn); }
.tally .unknown strong { color: var(--unknown); }
.escalate { margin-top: .9rem; padding: .65rem .85rem; border-radius: 8px; background: var(--card); }

.verdict .facts { grid-template-columns: repeat(auto-fit, minmax(min(11rem, 100%), 1fr)); border-top: 0; padding-top: 0; margin-top: .9rem; }
.steps { padding-left: 1.4rem; display: grid; gap: 1rem; margin-top: .7rem; }
.steps p { margin: .2rem 0; max-width: 48rem; }
.command { margin: .3rem 0; }
.command samp { display: block; padding: .4rem .7rem; width: fit-content; max-width: 100%; }
.steps li::marker { color: var(--quiet); font-weight: 600; }

.tiles { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 1rem 1.3rem; }
.tile h3 { font-size: .8rem; font-weight: 600; color: var(--quiet); margin-bottom: .2rem; }
.tile p { font-size: .93rem; line-height: 1.45; }
.tile b { font-size: 1.15rem; font-weight: 650; }
.tile .badge { margin-right: .2rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .7rem 1.5rem; margin-top: 1.1rem; padding-top: 1rem; border-top: 1px solid var(--line); }
.facts dt { font-size: .8rem; font-weight: 600; color: var(--quiet); }
.facts dd { margin: 0; font-size: .92rem; }

nav { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; padding: 0 .3rem; font-size: .92rem; }
a { color: var(--link); text-underline-offset: .2em; }

.badge { display: inline-block; white-space: nowrap; font-size: .78rem; font-weight: 600; line-height: 1.5; border-radius: 99px; padding: .05rem .55rem; background: var(--tint); color: var(--quiet); }
.badge.fail { color: var(--fail); background: var(--fail-tint); }
.badge.warn { color: var(--warn); background: var(--warn-tint); }
.badge.unknown { color: var(--unknown); background: var(--unknown-tint); }
.badge.pass { color: var(--good); background: var(--good-tint); }

.finding + .finding { margin-top: 1.4rem; padding-top: 1.4rem; border-top: 1px solid var(--line); }
.finding .where { margin-bottom: .35rem; font-size: .88rem; color: var(--quiet); }
.finding h3 { font-size: 1.08rem; }
.finding .hint { margin-top: .6rem; }
.hint p { margin: .25rem 0; }
.finding details { margin-top: .6rem; }
summary { cursor: pointer; color: var(--quiet); font-size: .88rem; font-weight: 600; width: fit-content; }
details > table { margin-top: .5rem; }
.plain { list-style: none; padding: 0; display: grid; gap: .55rem; font-size: .93rem; }
.columns { display: block; columns: 2 24rem; column-gap: 2rem; }
.columns li { break-inside: avoid; margin-bottom: .5rem; }

table { width: 100%; border-collapse: collapse; font-size: .9rem; }
caption { text-align: left; font-size: .85rem; font-weight: 600; color: var(--quiet); padding-bottom: .3rem; }
section > table, section > details { margin-top: 1.1rem; }
h2 + table { margin-top: 0; }
th { text-align: left; font-size: .78rem; font-weight: 600; color: var(--quiet); padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
td { min-width: 5.5rem; vertical-align: top; padding: .42rem .8rem .42rem 0; border-bottom: 1px solid var(--line); }
tbody tr:last-child td { border-bottom: 0; }
details caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
section > details caption { position: static; width: auto; height: auto; clip-path: none; }

figure { margin-top: .8rem; }
figure svg, .meter svg { display: block; overflow: hidden; }
.lane { fill: var(--quiet); font-size: 12px; font-weight: 600; }
.grid { stroke: var(--line); stroke-width: 1; stroke-dasharray: 1 4; }
.alive { fill: var(--completed); opacity: .55; }
.error { fill: var(--orphaned); }
figcaption, .ends { display: flex; justify-content: space-between; gap: 1rem; color: var(--quiet); font-size: .8rem; font-variant-numeric: tabular-nums; margin-top: .25rem; }
.mark { overflow: visible; }
.axis { stroke: var(--line); stroke-width: 1; }
.served { fill: var(--completed); }
.broken { fill: var(--orphaned); }
.silent { stroke: var(--created); stroke-width: 2; stroke-dasharray: 2 4; }
.stop { fill: var(--card); stroke: var(--ink); stroke-width: 2; }
.panic { stroke: var(--failed); stroke-width: 3; stroke-linecap: round; fill: none; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .35rem 1.2rem; margin-top: .7rem; font-size: .86rem; }
.legend svg { vertical-align: -.12em; }
.s-completed { fill: var(--completed); } .s-running { fill: var(--running); } .s-idle { fill: var(--idle); } .s-created { fill: var(--created); }
.s-killed { fill: var(--killed); } .s-cancelled { fill: var(--cancelled); } .s-orphaned { fill: var(--orphaned); } .s-failed { fill: var(--failed); } .s-other { fill: var(--other); }

.meters { list-style: none; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(25rem, 100%), 1fr)); gap: 1.3rem 2rem; }
.meter h3 { display: inline; font-size: .93rem; }
.meter .value { display: inline; color: var(--quiet); font-size: .9rem; margin-left: .4rem; }
.meter svg { margin: .3rem 0 .1rem; }
.meter .quiet { font-size: .82rem; }
.track { fill: var(--tint); }
.fill.pass { fill: var(--completed); }
.fill.warn { fill: var(--orphaned); }
.fill.fail { fill: var(--failed); }
.limit { fill: var(--ink); opacity: .55; }
.limit.fail { fill: var(--fail); opacity: .9; }

@media screen and (max-width: 46rem) {
  main { padding-top: .75rem; gap: .9rem; padding-left: .6rem; padding-right: .6rem; }
  section, .verdict { padding: 1rem; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .facts { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr, td, caption { display: block; }
  tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
  tbody tr:last-child { border-bottom: 0; }
  td { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); gap: .5rem; padding: .15rem 0; border: 0; }
  td::before { content: attr(data-head); color: var(--quiet); font-size: .82rem; font-weight: 600; }
}
@page { margin: 12mm; }
@media print {
  details::details-content { content-visibility: visible; display: block; height: auto; }
  html { font-size: 8.5pt; }
  body { background: #fff; font-size: 1rem; }
  main, footer { max-width: none; padding: 0; }
  section, .verdict { border-color: #ccc; box-shadow: none; }
  nav { display: none; }
  .finding, .meter, figure, tr, .tile, .facts > div { break-inside: avoid; }
  section > details > summary { display: none; }
  h2, h3, h2 + p, summary, summary + *, caption, thead { break-after: avoid; }
  summary { list-style: none; }
  summary::-webkit-details-marker { display: none; }
  .finding .where { break-after: avoid; }
  td { padding-block: .2rem; }
  rect, line, path, .badge, .verdict { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
