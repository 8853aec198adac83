import { command, element } from './dom.ts';
import type { StoryStep } from './page-data.ts';
import { grouped } from './text.ts';

/** The story of the failure, told backwards as `why` tells it. */
export function storyOf(story: readonly StoryStep[], goTo: (at: number) => void): HTMLElement[] {
  if (story.length === 0) return [];
  const steps = story.map(({ at, text, command: more }) => {
    const button = element('button', grouped(at), {
      type: 'button',
      'aria-label': `Show icount ${grouped(at)} in the timeline`,
    });
    button.addEventListener('click', () => goTo(at));
    return element('li', [button, element('div', [element('p', text), command(more)])]);
  });
  return [element('ol', steps, { class: 'story' })];
}
