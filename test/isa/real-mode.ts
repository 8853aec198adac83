import { CS, DS, ES, ESP, SS } from '../../recorder/machine/cpu/state.ts';
import { CpuBench } from './bench.ts';

export const CODE = 0x1000;
export const DATA = 0x2000;
export const STACK = 0x7000;
/** Vector v leads here + 4 v: a HLT for each, so that EIP tells which was taken, before the HLT or after it. */
export const HANDLERS = 0x8000;

export const hexBytes = (text: string): number[] =>
  text
    .split(/\s+/)
    .filter(Boolean)
    .map((byte) => Number.parseInt(byte, 16));

/** A processor in real mode with all segments at 0, code at CODE, and a handler for every vector. */
export class RealMode extends CpuBench {
  start(code: string): this {
    this.cpu.reset();
    for (const segment of [CS, DS, ES, SS]) this.cpu.setSegment(segment, 0, 0, 0xffff, 0x9300);
    for (let vector = 0; vector < 256; vector++) {
      this.poke32(vector * 4, HANDLERS + vector * 4);
      this.poke8(HANDLERS + vector * 4, 0xf4);
    }
    this.cpu.setRegister(ESP, STACK);
    this.cpu.eip = CODE;
    this.pokeBytes(CODE, hexBytes(code));
    return this;
  }

  /** The vector whose handler was entered last; -1 when none was. */
  get vector(): number {
    const at = (this.cpu.eip - HANDLERS) >> 2;
    return at >= 0 && at < 256 ? at : -1;
  }
}
