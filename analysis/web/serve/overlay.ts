import { element } from '../dom.ts';
import type { Range } from '../serve-data.ts';
import { grouped } from '../text.ts';
import type { Timeline } from '../timeline.ts';

/** Drawn over a timeline: the cursor, the selection, bookmarks and the first difference; and how a stretch is selected. */

export interface Pin {
  readonly from: number;
  readonly to: number;
  readonly label: string;
  readonly kind: 'cursor' | 'bookmark' | 'difference';
}

export interface OverlayOptions {
  readonly timeline: Timeline;
  /** The box that the timeline's canvas lies in. */
  readonly box: HTMLElement;
  readonly onSelect: (range: Range | undefined) => void;
  readonly onCursor: (icount: number) => void;
}

export class Overlay {
  private readonly options: OverlayOptions;
  private readonly layer = element('div', '', { class: 'overlay', 'aria-hidden': 'true' });
  private pins: readonly Pin[] = [];
  private range: Range | undefined;

  constructor(options: OverlayOptions) {
    this.options = options;
    options.box.append(this.layer);
    this.listen();
  }

  show(pins: readonly Pin[], range: Range | undefined): void {
    this.pins = pins;
    this.range = range;
    this.draw();
  }

  draw(): void {
    const { view } = this.options.timeline;
    const place = (icount: number) => (100 * (icount - view.from)) / (view.to - view.from);
    const mark = (name: string, { from, to }: Range, label: string): HTMLElement[] => {
      const [left, right] = [place(from), place(to)];
      if (right < 0 || left > 100) return [];
      const made = element('div', [element('span', label)], { class: name });
      made.style.left = `${Math.max(-1, left)}%`;
      made.style.width = `${Math.min(101, right) - Math.max(-1, left)}%`;
      if (left > 75) made.classList.add('leftwards');
      return [made];
    };
    const selected = this.range ? mark('selection', this.range, '') : [];
    this.layer.replaceChildren(
      ...selected,
      ...this.pins.flatMap((pin) => mark(`pin ${pin.kind}`, pin, pin.label)),
    );
  }

  private icountAt(event: MouseEvent): number {
    const { timeline, box } = this.options;
    const { left, width } = box.getBoundingClientRect();
    return Math.max(0, timeline.view.icount(event.clientX - left, width));
  }

  private listen(): void {
    const { box, onSelect, onCursor, timeline } = this.options;
    let begun: number | undefined;
    let pressed: number | undefined;
    box.addEventListener(
      'pointerdown',
      (event) => {
        pressed = event.clientX;
        if (!event.shiftKey) return;
        // The timeline itself would pan.
        event.stopPropagation();
        begun = this.icountAt(event);
        box.setPointerCapture(event.pointerId);
      },
      { capture: true },
    );
    box.addEventListener('pointermove', (event) => {
      if (begun === undefined) return;
      const to = this.icountAt(event);
      onSelect({ from: Math.round(Math.min(begun, to)), to: Math.round(Math.max(begun, to)) });
    });
    box.addEventListener('pointerup', (event) => {
      const isClick = pressed !== undefined && Math.abs(event.clientX - pressed) < 4 && begun === undefined;
      if (isClick) onCursor(Math.round(this.icountAt(event)));
      begun = undefined;
    });
    box.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === 'r')
        onSelect({ from: Math.floor(timeline.view.from), to: Math.ceil(timeline.view.to) });
      else if (event.key === 'Escape') onSelect(undefined);
    });
  }
}

export const rangeText = ({ from, to }: Range): string =>
  from === to ? `icount ${grouped(from)}` : `icount ${grouped(from)} to ${grouped(to)}`;
