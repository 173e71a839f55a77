import type { Report } from '../run/report.ts';
import type { RenderOptions } from './render-options.ts';

type Render = (report: Report, options: RenderOptions) => string;

/** Every format of a report. Each is loaded only when it is used. */
const load = {
  text: async () => (await import('./text.ts')).renderText,
  json: async () => {
    const { renderJson } = await import('./json.ts');
    return (report, { tool }) => renderJson(report, tool);
  },
  jsonl: async () => (await import('./jsonl.ts')).renderJsonl,
  junit: async () => (await import('./junit.ts')).renderJunit,
  sarif: async () => (await import('./sarif.ts')).renderSarif,
  github: async () => (await import('./github.ts')).renderGithub,
  markdown: async () => (await import('./markdown.ts')).renderMarkdown,
  prometheus: async () => (await import('./prometheus.ts')).renderPrometheus,
} satisfies Readonly<Record<string, () => Promise<Render>>>;

export type Format = keyof typeof load;
export const formats = Object.keys(load) as readonly Format[];

/** The report in one format; the exit code is the report's, whatever the format. */
export async function render(format: Format, report: Report, options: RenderOptions): Promise<string> {
  const renderReport: Render = await load[format]();
  return renderReport(report, options);
}
