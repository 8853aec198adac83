/** Reader of MOO files (SingleStepTests): chunks of a four-letter name, a 32-bit length and a body. */

/** Registers of the 80286 in the order in which a REGS chunk lists them. */
export const MOO_REGISTERS = [
  'ax',
  'bx',
  'cx',
  'dx',
  'cs',
  'ss',
  'ds',
  'es',
  'sp',
  'bp',
  'si',
  'di',
  'ip',
  'flags',
] as const;
export type MooRegister = (typeof MOO_REGISTERS)[number];

export interface MooState {
  /** All registers before the test; after it those that changed. */
  readonly registers: Partial<Record<MooRegister, number>>;
  readonly memory: ReadonlyMap<number, number>;
}

export interface MooTest {
  readonly index: number;
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly before: MooState;
  readonly after: MooState;
  /** Exception taken and where the flags image was pushed, if one was. */
  readonly exception: { readonly vector: number; readonly flagsAt: number } | null;
  readonly hash: string;
}

function* chunks(
  view: DataView,
  from: number,
  to: number,
): Generator<[name: string, at: number, length: number]> {
  for (let at = from; at + 8 <= to; ) {
    const name = String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at, 4));
    const length = view.getUint32(at + 4, true);
    yield [name.trim(), at + 8, length];
    at += 8 + length;
  }
}

function readState(view: DataView, from: number, to: number): MooState {
  const registers: Partial<Record<MooRegister, number>> = {};
  const memory = new Map<number, number>();
  for (const [name, at] of chunks(view, from, to)) {
    if (name === 'REGS') {
      const mask = view.getUint16(at, true);
      let value = at + 2;
      MOO_REGISTERS.forEach((register, bit) => {
        if (((mask >>> bit) & 1) === 0) return;
        registers[register] = view.getUint16(value, true);
        value += 2;
      });
    } else if (name === 'RAM') {
      const count = view.getUint32(at, true);
      for (let n = 0; n < count; n++) {
        memory.set(view.getUint32(at + 4 + n * 5, true), view.getUint8(at + 8 + n * 5));
      }
    }
  }
  return { registers, memory };
}

export function readMoo(file: Uint8Array): MooTest[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const tests: MooTest[] = [];
  for (const [kind, start, length] of chunks(view, 0, file.byteLength)) {
    if (kind !== 'TEST') continue;
    const test = {
      index: view.getUint32(start, true),
      name: '',
      bytes: new Uint8Array(),
      before: readState(view, 0, 0),
      after: readState(view, 0, 0),
      exception: null as MooTest['exception'],
      hash: '',
    };
    for (const [name, at, size] of chunks(view, start + 4, start + length)) {
      const text = (from: number, bytes: number) =>
        String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + from, bytes));
      if (name === 'NAME') test.name = text(at + 4, size - 4);
      else if (name === 'BYTS') test.bytes = file.slice(at + 4, at + size);
      else if (name === 'INIT') test.before = readState(view, at, at + size);
      else if (name === 'FINA') test.after = readState(view, at, at + size);
      else if (name === 'EXCP')
        test.exception = { vector: view.getUint8(at), flagsAt: view.getUint32(at + 1, true) };
      else if (name === 'HASH') test.hash = Buffer.from(file.slice(at, at + size)).toString('hex');
    }
    tests.push(test);
  }
  return tests;
}
