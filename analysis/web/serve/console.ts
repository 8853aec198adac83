import { element } from '../dom.ts';
import type { Catalogue, Range, Result } from '../serve-data.ts';
import { grouped } from '../text.ts';
import { Chart } from './chart.ts';
import { post, postForFile, Refused } from './client.ts';
import { type SqlEditor, sqlEditor } from './editor.ts';
import { button, problem } from './parts.ts';
import { ResultsTable } from './results-table.ts';

/** The SQL console: the editor, the question that is being answered, and its answer as a table or a chart. */

const HINT = '-- Ctrl+Enter runs it; current_range is the selection in the timeline (Shift and drag, or R)';

export interface ConsoleOptions {
  readonly catalogue: Catalogue;
  readonly nonce: string;
  readonly goTo: (icount: number, run?: number) => void;
  readonly range: () => Range | undefined;
}

type Shape = 'table' | 'chart';

export class Console {
  readonly element: HTMLElement;
  readonly editor: SqlEditor;
  private readonly options: ConsoleOptions;
  private readonly answer = element('div', '', { class: 'answer' });
  private readonly status = element('span', '', { class: 'quiet', role: 'status' });
  private readonly runs: HTMLButtonElement;
  private readonly stops: HTMLButtonElement;
  private shape: Shape = 'table';
  private result:
    | { readonly sql: string; readonly range: Range | undefined; readonly of: Result }
    | undefined;
  private stop: AbortController | undefined;

  constructor(options: ConsoleOptions) {
    this.options = options;
    const { catalogue, nonce } = options;
    this.editor = sqlEditor({
      text: `${HINT}\n${catalogue.first}`,
      catalogue,
      nonce,
      run: () => void this.run(),
    });
    this.runs = button('Run', () => void this.run());
    this.runs.classList.add('primary');
    this.stops = button('Stop', () => this.stop?.abort());
    this.stops.hidden = true;
    this.element = element('div', [
      this.editor.element,
      element('div', [this.runs, this.stops, this.status], { class: 'toolbar' }),
      this.answer,
    ]);
  }

  async run(): Promise<void> {
    this.stop?.abort();
    const stop = new AbortController();
    this.stop = stop;
    const sql = this.editor.text();
    const range = this.options.range();
    this.editor.mark();
    this.stops.hidden = false;
    this.status.textContent = 'asking…';
    try {
      const of = await post<Result>('query', { sql, range }, stop.signal);
      if (this.stop !== stop) return;
      this.result = { sql, range, of };
      this.status.textContent = described(of);
      this.show();
    } catch (error) {
      if (this.stop !== stop) return;
      this.status.textContent = '';
      if (stop.signal.aborted) this.status.textContent = 'stopped';
      else this.answer.replaceChildren(problem(error));
      if (error instanceof Refused) this.editor.mark(error.refusal);
    } finally {
      if (this.stop === stop) this.stops.hidden = true;
    }
  }

  private show(): void {
    const { result } = this;
    if (!result) return;
    const { goTo } = this.options;
    const table = new ResultsTable({ result: result.of, goTo });
    const shown = this.shape === 'table' ? table : new Chart({ result: result.of, goTo });
    const shape = (name: string, of: Shape) => {
      const made = button(name, () => {
        this.shape = of;
        this.show();
        this.answer.querySelector<HTMLElement>(`[data-shape=${of}]`)?.focus();
      });
      made.setAttribute('aria-pressed', String(this.shape === of));
      made.dataset.shape = of;
      return made;
    };
    const copy = button(
      'Copy',
      async () => {
        const copied = navigator.clipboard.writeText(table.text());
        copy.textContent = await copied.then(
          () => 'Copied',
          () => 'Not copied: the browser does not allow it',
        );
      },
      'Copy all rows',
    );
    this.answer.replaceChildren(
      element(
        'div',
        [
          shape('Table', 'table'),
          shape('Chart', 'chart'),
          element('span', '', { class: 'gap' }),
          copy,
          button('CSV', () => void this.download('csv'), 'Download as CSV'),
          button('Parquet', () => void this.download('parquet'), 'Download as Parquet'),
        ],
        { class: 'toolbar' },
      ),
      shown.element,
    );
    shown.begin();
  }

  /** All rows, also those that the page was not sent: the server asks once more. */
  private async download(format: 'csv' | 'parquet'): Promise<void> {
    const { sql, range } = this.result ?? {};
    try {
      const file = await postForFile('download', { sql, range, format });
      const link = element('a', '', { download: `answer.${format}` }) as HTMLAnchorElement;
      link.href = URL.createObjectURL(file);
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (error) {
      this.answer.append(problem(error));
    }
  }
}

function described({ rows, isWhole, milliseconds }: Result): string {
  const count = rows.length === 1 ? '1 row' : `${grouped(rows.length)} rows`;
  return isWhole
    ? `${count}, ${grouped(milliseconds)} ms`
    : `the first ${count}; CSV and Parquet have all, ${grouped(milliseconds)} ms`;
}
