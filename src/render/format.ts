import type { Report } from '../run/report.ts';

export interface RenderOptions {
  readonly tool: { readonly name: string; readonly version: string };
  /** Only text has colours. */
  readonly color: boolean;
  /** Width of the screen, for text; 80 if it is not known. */
  readonly columns?: number;
  /** Whether nobody could answer a question where the command was typed; for text. */
  readonly unattended?: boolean;
  /** Text and Markdown: show every check in its fixed order, instead of only what needs attention, worst first. */
  readonly verbose: boolean;
}

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
