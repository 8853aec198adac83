/** Pieces of a page. Texts go in as text: nothing of a trace is ever read as HTML. */

export function element(
  name: string,
  content: string | readonly Node[] = '',
  attributes: Record<string, string> = {},
): HTMLElement {
  const made = document.createElement(name);
  if (typeof content === 'string') made.textContent = content;
  else made.append(...content);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
}

export function copyButton(text: string): HTMLElement {
  const button = element('button', 'Copy', { type: 'button', 'aria-label': `Copy: ${text}` });
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
    } catch {
      // A page opened from disk may not use the clipboard: the text is selected instead.
      const code = button.previousElementSibling;
      if (code) getSelection()?.selectAllChildren(code);
    }
  });
  return button;
}

export const command = (text: string): HTMLElement =>
  element('div', [element('code', text), copyButton(text)], { class: 'command' });
