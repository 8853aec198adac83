import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { PostgreSQL, SQLDialect, sql } from '@codemirror/lang-sql';
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, setDiagnostics } from '@codemirror/lint';
import { EditorState, Prec } from '@codemirror/state';
import { type Command, drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { Catalogue, Refusal } from '../serve-data.ts';
import { catalogueSource, namespaceOf } from './completion.ts';

/** The editor of the SQL console. */

/** The words of DuckDB's that nobody names a column by: the list of PostgreSQL has `depth` and `source` in it. */
const KEYWORDS = `all and anti any as asc asof between by case cast cross describe desc distinct else end escape except exclude
  exists explain filter first from full group having ilike in inner intersect is isnull join last lateral left like limit natural not
  notnull nulls offset on or order outer over partition pivot positional preceding qualify range recursive replace right row rows
  sample select semi show similar some summarize tables then to unbounded union unnest unpivot using values when where window with
  within`;
const DUCKDB = SQLDialect.define({
  ...PostgreSQL.spec,
  keywords: KEYWORDS.replaceAll(/\s+/g, ' '),
  builtin: '',
});

/** In the colours of the page (serve.css), which know whether it is dark. */
const HIGHLIGHT = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--sql-keyword)', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--sql-string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--sql-number)' },
  { tag: [tags.lineComment, tags.blockComment], color: 'var(--quiet)', fontStyle: 'italic' },
]);

const THEME = EditorView.theme({
  '&': { fontSize: '13px', backgroundColor: 'var(--ground)', color: 'var(--text)' },
  '&.cm-focused': { outline: '2px solid var(--focus)', outlineOffset: '-1px' },
  '.cm-scroller': { fontFamily: 'ui-monospace, monospace', lineHeight: '1.5' },
  '.cm-content': { caretColor: 'var(--text)', minHeight: '7.5em' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': {
    backgroundColor: 'var(--panel)',
    color: 'var(--quiet)',
    borderRight: '1px solid var(--line)',
  },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--selection)',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--panel)',
    color: 'var(--text)',
    border: '1px solid var(--quiet)',
    borderRadius: '4px',
  },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--link)',
    color: 'var(--ground)',
  },
  '.cm-completionDetail': { color: 'inherit', fontStyle: 'normal', marginLeft: '1em' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--error)',
    textUnderlineOffset: '3px',
  },
  '.cm-completionInfo': { maxWidth: '320px', fontFamily: 'system-ui, sans-serif' },
  // Without room beside the names it would lie over them.
  '@media (max-width: 600px)': { '.cm-completionInfo': { display: 'none' } },
});

export interface SqlEditor {
  readonly element: HTMLElement;
  text(): string;
  /** Puts a text in place of what is there, and the cursor into it. */
  show(text: string): void;
  /** Underlines the place that a refusal names; nothing without one. */
  mark(refusal?: Refusal): void;
}

export interface EditorOptions {
  readonly text: string;
  readonly catalogue: Catalogue;
  readonly run: () => void;
  /** Of the page's policy, by which its styles are known. */
  readonly nonce: string;
}

export function sqlEditor({ text, catalogue, run, nonce }: EditorOptions): SqlEditor {
  const language = sql({ dialect: DUCKDB, schema: namespaceOf(catalogue), upperCaseKeywords: true });
  const runs: Command = (view) => {
    // Names still on offer would lie over the answer.
    closeCompletion(view);
    run();
    return true;
  };
  const view = new EditorView({
    state: EditorState.create({
      doc: text,
      extensions: [
        EditorView.cspNonce.of(nonce),
        lineNumbers(),
        history(),
        drawSelection(),
        bracketMatching(),
        closeBrackets(),
        language,
        language.language.data.of({ autocomplete: catalogueSource(catalogue) }),
        autocompletion(),
        syntaxHighlighting(HIGHLIGHT),
        THEME,
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': 'SQL. Ctrl+Enter runs it.' }),
        Prec.highest(keymap.of([{ key: 'Mod-Enter', run: runs }])),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
      ],
    }),
  });
  return {
    element: view.dom,
    text: () => view.state.doc.toString(),
    show: (next) => {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
      view.focus();
    },
    mark: (refusal) => view.dispatch(setDiagnostics(view.state, diagnosticsOf(view.state, refusal))),
  };
}

function diagnosticsOf({ doc }: EditorState, refusal: Refusal | undefined): Diagnostic[] {
  const { line, column, error = '' } = refusal ?? {};
  if (line === undefined || column === undefined || line > doc.lines) return [];
  const { from, to, text } = doc.line(line);
  const begin = Math.min(from + column - 1, Math.max(from, to - 1));
  const word = /^\w+/.exec(text.slice(begin - from))?.[0] ?? ' ';
  return [{ from: begin, to: Math.min(to, begin + word.length), severity: 'error', message: error }];
}
