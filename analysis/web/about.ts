import type { Cause, Described } from './causes.ts';
import { command, element } from './dom.ts';
import { debugInEditor } from './editor.ts';
import { grouped } from './text.ts';

/** The words about what is pointed at, below the timeline: its causes are buttons that lead to them. */
export class About {
  readonly element = element('div', '', { class: 'about' });
  /** Said to a screen reader: what was chosen, not what the pointer passes. */
  readonly spoken = element('div', '', { class: 'hidden', role: 'status' });
  private readonly goTo: (cause: Cause) => void;
  private readonly debugCommand: string;
  private chosen = false;

  constructor(debugCommand: string, goTo: (cause: Cause) => void) {
    this.debugCommand = debugCommand;
    this.goTo = goTo;
    this.element.append(
      element('p', 'Point at an element, or focus the timeline and use the keys.', { class: 'quiet' }),
    );
  }

  /** Shows it; something chosen stays until something else is, or until it is let go. */
  show(described: Described, chosen: boolean): void {
    if (this.chosen && !chosen) return;
    this.chosen = chosen;
    const { title, lines, causes, stack, at } = described;
    this.element.replaceChildren(
      element('p', title, { class: 'title' }),
      ...lines.map((line) => element('p', line, { class: 'mono' })),
      ...(causes.length > 0
        ? [
            element(
              'ul',
              causes.map((cause) => this.link(cause)),
            ),
          ]
        : []),
      ...(stack.length > 0 ? stackOf(stack, chosen) : []),
      ...(chosen && at !== undefined ? this.debugger(at) : []),
    );
    if (chosen) this.spoken.textContent = [title, ...lines].join('. ');
  }

  letGo(): void {
    this.chosen = false;
  }

  private link(cause: Cause): HTMLElement {
    const button = element('button', `icount ${grouped(cause.at)}`, {
      type: 'button',
      'aria-label': `Go to icount ${grouped(cause.at)}: ${cause.text}`,
    });
    button.addEventListener('click', () => this.goTo(cause));
    return element('li', [button, document.createTextNode(` ${cause.text}`)]);
  }

  private debugger(at: number): HTMLElement[] {
    return [command(`${this.debugCommand} --at ${at}`), ...debugInEditor(at)];
  }
}

function stackOf(stack: readonly string[], open: boolean): HTMLElement[] {
  const list = element('details', [
    element('summary', `Stack: ${stack.length} ${stack.length === 1 ? 'frame' : 'frames'}`),
    element(
      'ol',
      stack.map((line) => element('li', line, { class: 'mono' })),
    ),
  ]);
  if (open) list.setAttribute('open', '');
  return [list];
}
