import type { Case } from './case.ts';
import { USER_DATA } from './memory-map.ts';

/** Programs on which the machine once differed from hardware. They stand first among the vectors. */
const FOUND: readonly (readonly [code: string, address: number, eflags: number, registers: string])[] = [
  // ARPL that has nothing to raise, in a page that is read only: wrote it all the same.
  ['630acc', 0x10000173, 0x200a86, '10002002 677d5219 20002ff7 20000cdb 30000e8c 300012fc f3 80000001'],
  // ARPL of an absent page: the error code said write.
  ['6374266bcc', 0x10000fe1, 0xa42, 'ff 9a63c355 4c1ceea6 20000ffa 300011e0 300016d4 2085249d 4b832024'],
  // ENTER that copies the frames it is pushing: copied what was there before.
  ['c8240018cc', 0x10000e4b, 0x200282, '80 14 20000141 200017a2 300010f0 300010f0 20000d4c e0000aac'],
  // ENTER with a bad frame pointer and too little stack: the stack faulted first.
  ['c85555fecc', 0x1000048a, 0x6c2, '21 7fff 20002f9d 20002720 30000ce0 61793ee0 10001b85 aaaaaaaa'],
  // A 16-bit IRET changed the upper half of EFLAGS.
  [
    '6668170266682300666800006667cfcc',
    0x10000261,
    0x200a16,
    '30001714 20002c00 0 e00006d6 30001268 30000868 1 9a06bde4',
  ],
];

export const FOUND_CASES: readonly Case[] = FOUND.map(([code, address, eflags, registers]) => ({
  address,
  code: Uint8Array.from(Buffer.from(code, 'hex')),
  eflags,
  registers: registers.split(' ').map((word) => Number.parseInt(word, 16) | 0),
  fs: USER_DATA,
  gs: USER_DATA,
  fpu: 0,
  undefinedFlags: new Map(),
  selfModifying: false,
}));
