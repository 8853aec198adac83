import headless from '@xterm/headless';

/** A terminal as xterm emulates it, to see what stands on its screen. */
export class EmulatedTerminal {
  readonly columns: number;
  readonly isTTY = true;
  private readonly terminal: InstanceType<typeof headless.Terminal>;

  constructor(columns: number, rows = 24) {
    this.columns = columns;
    this.terminal = new headless.Terminal({
      cols: columns,
      rows,
      scrollback: 10_000,
      convertEol: true,
      allowProposedApi: true,
    });
  }

  write(text: string): void {
    this.terminal.write(text);
  }

  /** Every line that was written, from the first that scrolled away; a line that wrapped is one. Without empty ones at the end. */
  async lines(): Promise<string[]> {
    await new Promise<void>((resolve) => this.terminal.write('', resolve));
    const { active } = this.terminal.buffer;
    const lines: string[] = [];
    for (let row = 0; row < active.length; row++) {
      const line = active.getLine(row);
      const text = line?.translateToString(true) ?? '';
      if (line?.isWrapped) lines[lines.length - 1] += text;
      else lines.push(text);
    }
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }
}
