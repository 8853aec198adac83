import type { CoprocessorLines, Device, DeviceHost } from '../device.ts';
import type { PortBus } from './bus.ts';
import { type DeviceBlock, deviceBlock } from './device-block.ts';
import { DEVICES } from './device-table.ts';
import type { InterruptControllers } from './pic8259.ts';

/**
 * Reporting of coprocessor errors on a PC (SDM volume 1, appendix D.2): a rise of FERR# is latched and raises IRQ 13.
 * A write to port F0h clears the latch and, while FERR# is still asserted, asserts IGNNE#, so that the handler can use the FPU.
 */

/** Words. */
const FERR = 0;
const IGNNE = 1;

const IRQ = DEVICES.coprocessor.irqs.error;

export class CoprocessorError implements Device, CoprocessorLines {
  readonly name = 'coprocessor';
  readonly state: DeviceBlock;
  private readonly words: Int32Array;
  private readonly pic: InterruptControllers;

  constructor({ mem }: DeviceHost, bus: PortBus, pic: InterruptControllers) {
    this.state = deviceBlock(mem, 'coprocessor');
    this.words = this.state.words;
    this.pic = pic;
    // F1h resets a 287 or 387; the error latch with it.
    bus.claim(DEVICES.coprocessor.ports.latch, {
      bytes: true,
      out: () => {
        this.words[IGNNE] = this.words[FERR];
        this.pic.setLine(IRQ, false);
      },
    });
  }

  error(asserted: boolean): void {
    const { words } = this;
    words[FERR] = asserted ? 1 : 0;
    if (asserted) this.pic.setLine(IRQ, true);
    else words[IGNNE] = 0;
  }

  get ignoreErrors(): boolean {
    return this.words[IGNNE] !== 0;
  }

  nextDeadline(): number {
    return Number.POSITIVE_INFINITY;
  }

  onDeadline(): void {}
}
