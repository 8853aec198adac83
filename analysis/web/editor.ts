import { element } from './dom.ts';
import { grouped } from './text.ts';

/** Requests of a page to the editor that shows it: VS Code, with the extension of editors/vscode. */

interface EditorHost {
  acquireVsCodeApi?: () => { postMessage(message: { readonly debugAt: number }): void };
}

/** May be asked for once. */
const host = (globalThis as EditorHost).acquireVsCodeApi?.();

/** A button that starts the editor's debugger at an icount; none in a browser. */
export function debugInEditor(at: number): HTMLElement[] {
  if (!host) return [];
  const button = element('button', 'Debug here', {
    type: 'button',
    'aria-label': `Debug at icount ${grouped(at)}`,
  });
  button.addEventListener('click', () => host.postMessage({ debugAt: at }));
  return [button];
}
