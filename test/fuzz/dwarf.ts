import { CallFrames } from '../../replayer/dwarf/call-frames.ts';
import { DebugInfo } from '../../replayer/dwarf/debug-info.ts';
import { LineTable } from '../../replayer/dwarf/line-table.ts';
import type { Sections } from '../../replayer/dwarf/sections.ts';
import { typeOf } from '../../replayer/dwarf/types.ts';

/** Asks all that a debugger asks of debug information: nothing may be thrown, and it must come to an end. */
export function askAll(sections: Sections, addresses: readonly number[]): void {
  const lines = new LineTable(sections);
  const frames = new CallFrames(sections);
  const info = new DebugInfo(sections);
  const [file = ''] = lines.files();
  lines.addressesOf(file, 1);
  for (const pc of addresses) {
    info.begin();
    lines.at(pc);
    frames.isSignal(pc);
    const registers = [1, 2, 3, 4, 0xefc0, 0xefd0, 5, 6, pc];
    frames.caller(registers, (address) => address);
    for (const scope of info.scopesAt(pc)) {
      for (const { die } of scope.variables.slice(0, 20)) {
        const type = typeOf(die);
        if (type.kind === 'structure') for (const member of type.members()) void member.type.name;
        if (type.kind === 'pointer') void type.target().name;
      }
    }
    info.global('nobody has this name', pc);
  }
}

/** The numbers that hurt: LEB128 of 2^32 and of 64 bits, one without end, words of ones. */
const HURTING: readonly (readonly number[])[] = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  Array.from({ length: 12 }, () => 0xff),
  [0xff, 0xff, 0xff, 0xff],
  [0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0x7f],
  [0],
  [1],
  [0x16, 0x16, 0x16, 0x16],
  [0x80, 0x80, 0x04],
];

/** Sections of which one has numbers that hurt in a few places; the places are near its beginning more often than not. */
export function spoiltSections(sections: Sections, next: () => number): Sections {
  const names = [...sections.keys()].filter((name) => name.startsWith('.debug'));
  const spoilt = new Map(sections);
  for (let n = 0; n <= next() % 4; n++) {
    const name = names[next() % names.length];
    const bytes = Uint8Array.from(spoilt.get(name) ?? []);
    if (bytes.length === 0) continue;
    const at = next() % (next() % 2 ? Math.min(64, bytes.length) : bytes.length);
    bytes.set(HURTING[next() % HURTING.length].slice(0, bytes.length - at), at);
    spoilt.set(name, next() % 8 === 0 ? bytes.subarray(0, next() % bytes.length) : bytes);
  }
  return spoilt;
}
