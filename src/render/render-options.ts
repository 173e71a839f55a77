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
