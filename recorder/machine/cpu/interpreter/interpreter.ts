// biome-ignore-all format: generated
// biome-ignore-all lint: generated
// Generated from ../blocks/micro-op-table.ts by generate.ts. Do not edit.
import type { BlockRunner } from '../blocks/block-runner.ts';

/** Runs blocks from a micro-op until one cannot go on; EIP and icount are then up to date. */
export type Interpret = (start: number) => void;

/**
 * The hot loop: one switch over micro-ops. Slower paths are in `run`. It is a closure, not a method, so that V8 treats
 * the views, their addresses and their lengths as constants. `counts`: entries of blocks are counted, for a compiler of
 * hot blocks; V8 drops the code for it where there is none.
 */
export function createInterpreter(run: BlockRunner, counts: boolean): Interpret {
  const { i32, u8, view, code, flags, adjust, adjustLeft } = run;
  return function interpret(start: number): void {
    const canRead = i32[17] === 3 ? 4 : 1;
    const canWrite = i32[17] === 3 ? 8 : 2;
    let p = start | 0;
    let left = i32[86];
    let base = i32[87];
    for (;;) {
      switch (code[p]) {
        case 0: { // NOP
          p += 8; continue;
        }
        case 1: { // COLD
          run.cold(p);
          p += 8; continue;
        }
        case 2: { // MOV
          i32[code[p + 1]] = i32[code[p + 2]];
          p += 8; continue;
        }
        case 3: { // MOV_I
          i32[code[p + 1]] = code[p + 6];
          p += 8; continue;
        }
        case 4: { // MOV8
          u8[code[p + 1]] = u8[code[p + 2]];
          p += 8; continue;
        }
        case 5: { // MOV8_I
          u8[code[p + 1]] = code[p + 6];
          p += 8; continue;
        }
        case 6: { // MOV16
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (i32[code[p + 2]] & 65535);
          p += 8; continue;
        }
        case 7: { // MOV_ESP
          run.moveEsp(p, i32[code[p + 2]]);
          p += 8; continue;
        }
        case 8: { // ZX8
          i32[code[p + 1]] = u8[code[p + 2]];
          p += 8; continue;
        }
        case 9: { // SX8
          i32[code[p + 1]] = (u8[code[p + 2]] << 24) >> 24;
          p += 8; continue;
        }
        case 10: { // ZX16
          i32[code[p + 1]] = i32[code[p + 2]] & 65535;
          p += 8; continue;
        }
        case 11: { // SX16
          i32[code[p + 1]] = (i32[code[p + 2]] << 16) >> 16;
          p += 8; continue;
        }
        case 12: { // XCHG
          const v = i32[code[p + 1]];
          i32[code[p + 1]] = i32[code[p + 2]];
          i32[code[p + 2]] = v;
          p += 8; continue;
        }
        case 13: { // MOV_CR
          run.requirePrivilege(p);
          i32[code[p + 1]] = i32[code[p + 2]];
          p += 8; continue;
        }
        case 14: { // RDTSC
          run.rdtsc(p);
          p += 8; continue;
        }
        case 15: { // LEA
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0;
          i32[code[p + 1]] = lin;
          p += 8; continue;
        }
        case 16: { // CDQ
          i32[2] = i32[0] >> 31;
          p += 8; continue;
        }
        case 17: { // LOAD
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0;
          
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 && (lin & 4095) <= 4092 ? view.getInt32(at, true) : run.readSlow(p, lin, 4);
          i32[code[p + 1]] = v;
          p += 8; continue;
        }
        case 18: { // LOAD_B
          const lin = (i32[code[p + 2]] + code[p + 5]) | 0;
          
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 && (lin & 4095) <= 4092 ? view.getInt32(at, true) : run.readSlow(p, lin, 4);
          i32[code[p + 1]] = v;
          p += 8; continue;
        }
        case 19: { // LOAD8
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0;
          
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 ? u8[at] : run.readSlow(p, lin, 1);
          u8[code[p + 1]] = v;
          p += 8; continue;
        }
        case 20: { // LOAD_ZX8
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0;
          
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 ? u8[at] : run.readSlow(p, lin, 1);
          i32[code[p + 1]] = v;
          p += 8; continue;
        }
        case 21: { // LOAD_SX8
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0;
          
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 ? u8[at] : run.readSlow(p, lin, 1);
          i32[code[p + 1]] = (v << 24) >> 24;
          p += 8; continue;
        }
        case 22: { // LOAD_ZX16
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0;
          
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 && (lin & 4095) <= 4094 ? view.getUint16(at, true) : run.readSlow(p, lin, 2);
          i32[code[p + 1]] = v;
          p += 8; continue;
        }
        case 23: { // LOAD_SX16
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0;
          
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 && (lin & 4095) <= 4094 ? view.getUint16(at, true) : run.readSlow(p, lin, 2);
          i32[code[p + 1]] = (v << 16) >> 16;
          p += 8; continue;
        }
        case 24: { // MODIFY
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0;
          
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canWrite) !== 0 && (lin & 4095) <= 4092 ? view.getInt32(at, true) : run.readForWriteSlow(p, lin, 4);
          i32[code[p + 1]] = v;
          p += 8; continue;
        }
        case 25: { // MODIFY8
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0;
          
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canWrite) !== 0 ? u8[at] : run.readForWriteSlow(p, lin, 1);
          u8[code[p + 1]] = v;
          p += 8; continue;
        }
        case 26: { // MODIFY16
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0;
          
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canWrite) !== 0 && (lin & 4095) <= 4094 ? view.getUint16(at, true) : run.readForWriteSlow(p, lin, 2);
          i32[code[p + 1]] = v;
          p += 8; continue;
        }
        case 27: { // STORE
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0;
          const v = i32[code[p + 1]];
          
          const slot = i32[1048576 + (lin >>> 12)];
          if ((slot & canWrite) !== 0 && (lin & 4095) <= 4092) {
            const at = (slot & -4096) + (lin & 4095);
            view.setInt32(at, v, true);
          } else run.writeSlow(p, lin, 4, v);
          p += 8; continue;
        }
        case 28: { // STORE_B
          const lin = (i32[code[p + 2]] + code[p + 5]) | 0;
          const v = i32[code[p + 1]];
          
          const slot = i32[1048576 + (lin >>> 12)];
          if ((slot & canWrite) !== 0 && (lin & 4095) <= 4092) {
            const at = (slot & -4096) + (lin & 4095);
            view.setInt32(at, v, true);
          } else run.writeSlow(p, lin, 4, v);
          p += 8; continue;
        }
        case 29: { // STORE8
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0;
          const v = u8[code[p + 1]];
          
          const slot = i32[1048576 + (lin >>> 12)];
          if ((slot & canWrite) !== 0) {
            const at = (slot & -4096) + (lin & 4095);
            u8[at] = v;
          } else run.writeSlow(p, lin, 1, v);
          p += 8; continue;
        }
        case 30: { // STORE16
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0;
          const v = i32[code[p + 1]];
          
          const slot = i32[1048576 + (lin >>> 12)];
          if ((slot & canWrite) !== 0 && (lin & 4095) <= 4094) {
            const at = (slot & -4096) + (lin & 4095);
            view.setInt16(at, v, true);
          } else run.writeSlow(p, lin, 2, v);
          p += 8; continue;
        }
        case 31: { // STEP_POINTER
          i32[code[p + 1]] = (i32[code[p + 1]] + (((i32[12] & 1024) === 0) ? code[p + 6] : (-code[p + 6] | 0))) | 0;
          p += 8; continue;
        }
        case 32: { // SEGMENTED16
          const off = (i32[code[p + 2]] + i32[code[p + 3]] + code[p + 5]) & 65535;
          const seg = code[p + 1];
          i32[10] = (((i32[seg + 3] & 40448) === 37376) && ((off >>> 0) + (code[p + 6] & 7) <= i32[seg + 2] >>> 0)) ? ((i32[seg + 1] + off) | 0) : run.segmented(p, off);
          p += 8; continue;
        }
        case 33: { // SEGMENTED
          const off = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0;
          const seg = code[p + 1];
          i32[10] = (((i32[seg + 3] & 40448) === 37376) && ((off >>> 0) + (code[p + 6] & 7) <= i32[seg + 2] >>> 0)) ? ((i32[seg + 1] + off) | 0) : run.segmented(p, off);
          p += 8; continue;
        }
        case 34: { // SEGMENTED_STACK
          const off = (i32[code[p + 2]] + code[p + 5]) & (((i32[43] & 4194304) !== 0) ? -1 : 65535);
          const seg = code[p + 1];
          i32[10] = (((i32[seg + 3] & 40448) === 37376) && ((off >>> 0) + (code[p + 6] & 7) <= i32[seg + 2] >>> 0)) ? ((i32[seg + 1] + off) | 0) : run.segmented(p, off);
          p += 8; continue;
        }
        case 35: { // SET_SP
          const mask = ((i32[43] & 4194304) !== 0) ? -1 : 65535;
          i32[4] = (i32[4] & ~mask) | ((i32[code[p + 2]] + code[p + 5]) & mask);
          p += 8; continue;
        }
        case 36: { // EIP
          i32[code[p + 1]] = (base + code[p + 5]) & code[p + 6];
          p += 8; continue;
        }
        case 37: { // CHECK_EIP
          if (i32[code[p + 1]] >>> 0 > i32[38] >>> 0) { run.beyondCode(p); }
          p += 8; continue;
        }
        case 38: { // CALLED
          i32[76] = 1;
          p += 8; continue;
        }
        case 39: { // PUSH
          const v = i32[code[p + 1]];
          const lin = (i32[4] - 4) | 0;
          
          const slot = i32[1048576 + (lin >>> 12)];
          if ((slot & canWrite) !== 0 && (lin & 4095) <= 4092) {
            const at = (slot & -4096) + (lin & 4095);
            view.setInt32(at, v, true);
          } else run.writeSlow(p, lin, 4, v);
          i32[4] = lin;
          p += 8; continue;
        }
        case 40: { // PUSH_I
          const v = code[p + 6];
          const lin = (i32[4] - 4) | 0;
          
          const slot = i32[1048576 + (lin >>> 12)];
          if ((slot & canWrite) !== 0 && (lin & 4095) <= 4092) {
            const at = (slot & -4096) + (lin & 4095);
            view.setInt32(at, v, true);
          } else run.writeSlow(p, lin, 4, v);
          i32[4] = lin;
          p += 8; continue;
        }
        case 41: { // POP
          const lin = i32[4];
          
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 && (lin & 4095) <= 4092 ? view.getInt32(at, true) : run.readSlow(p, lin, 4);
          i32[4] = (lin + 4) | 0;
          i32[code[p + 1]] = v;
          p += 8; continue;
        }
        case 42: { // LEAVE
          const lin = i32[5];
          
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 && (lin & 4095) <= 4092 ? view.getInt32(at, true) : run.readSlow(p, lin, 4);
          i32[4] = (lin + 4) | 0;
          i32[5] = v;
          p += 8; continue;
        }
        case 43: { // ADD
          const a = i32[code[p + 1]];
          const b = i32[code[p + 2]];
          const v = (a + b) | 0;
          i32[code[p + 1]] = v;
          i32[13] = 1; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 44: { // ADD_I
          const a = i32[code[p + 1]];
          const b = code[p + 6];
          const v = (a + b) | 0;
          i32[code[p + 1]] = v;
          i32[13] = 1; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 45: { // ADD8
          const a = u8[code[p + 1]] << 24;
          const b = u8[code[p + 2]] << 24;
          const v = (a + b) | 0;
          u8[code[p + 1]] = v >>> 24;
          i32[13] = 193; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 46: { // ADD8_I
          const a = u8[code[p + 1]] << 24;
          const b = code[p + 6] << 24;
          const v = (a + b) | 0;
          u8[code[p + 1]] = v >>> 24;
          i32[13] = 193; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 47: { // ADD16
          const a = i32[code[p + 1]] << 16;
          const b = i32[code[p + 2]] << 16;
          const v = (a + b) | 0;
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (v >>> 16);
          i32[13] = 129; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 48: { // ADD16_I
          const a = i32[code[p + 1]] << 16;
          const b = code[p + 6] << 16;
          const v = (a + b) | 0;
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (v >>> 16);
          i32[13] = 129; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 49: { // ADC
          const c = ((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf();
          const a = i32[code[p + 1]];
          const b = i32[code[p + 2]];
          const v = (a + b + c) | 0;
          i32[code[p + 1]] = v;
          i32[13] = 1; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 50: { // ADC_I
          const c = ((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf();
          const a = i32[code[p + 1]];
          const b = code[p + 6];
          const v = (a + b + c) | 0;
          i32[code[p + 1]] = v;
          i32[13] = 1; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 51: { // ADC8
          const c = (((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf()) << 24;
          const a = u8[code[p + 1]] << 24;
          const b = u8[code[p + 2]] << 24;
          const v = (a + b + c) | 0;
          u8[code[p + 1]] = v >>> 24;
          i32[13] = 193; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 52: { // ADC8_I
          const c = (((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf()) << 24;
          const a = u8[code[p + 1]] << 24;
          const b = code[p + 6] << 24;
          const v = (a + b + c) | 0;
          u8[code[p + 1]] = v >>> 24;
          i32[13] = 193; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 53: { // ADC16
          const c = (((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf()) << 16;
          const a = i32[code[p + 1]] << 16;
          const b = i32[code[p + 2]] << 16;
          const v = (a + b + c) | 0;
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (v >>> 16);
          i32[13] = 129; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 54: { // ADC16_I
          const c = (((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf()) << 16;
          const a = i32[code[p + 1]] << 16;
          const b = code[p + 6] << 16;
          const v = (a + b + c) | 0;
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (v >>> 16);
          i32[13] = 129; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 55: { // SUB
          const a = i32[code[p + 1]];
          const b = i32[code[p + 2]];
          const v = (a - b) | 0;
          i32[code[p + 1]] = v;
          i32[13] = 0; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 56: { // SUB_I
          const a = i32[code[p + 1]];
          const b = code[p + 6];
          const v = (a - b) | 0;
          i32[code[p + 1]] = v;
          i32[13] = 0; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 57: { // SUB8
          const a = u8[code[p + 1]] << 24;
          const b = u8[code[p + 2]] << 24;
          const v = (a - b) | 0;
          u8[code[p + 1]] = v >>> 24;
          i32[13] = 192; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 58: { // SUB8_I
          const a = u8[code[p + 1]] << 24;
          const b = code[p + 6] << 24;
          const v = (a - b) | 0;
          u8[code[p + 1]] = v >>> 24;
          i32[13] = 192; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 59: { // SUB16
          const a = i32[code[p + 1]] << 16;
          const b = i32[code[p + 2]] << 16;
          const v = (a - b) | 0;
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (v >>> 16);
          i32[13] = 128; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 60: { // SUB16_I
          const a = i32[code[p + 1]] << 16;
          const b = code[p + 6] << 16;
          const v = (a - b) | 0;
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (v >>> 16);
          i32[13] = 128; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 61: { // SBB
          const c = ((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf();
          const a = i32[code[p + 1]];
          const b = i32[code[p + 2]];
          const v = (a - b - c) | 0;
          i32[code[p + 1]] = v;
          i32[13] = 2; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 62: { // SBB_I
          const c = ((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf();
          const a = i32[code[p + 1]];
          const b = code[p + 6];
          const v = (a - b - c) | 0;
          i32[code[p + 1]] = v;
          i32[13] = 2; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 63: { // SBB8
          const c = (((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf()) << 24;
          const a = u8[code[p + 1]] << 24;
          const b = u8[code[p + 2]] << 24;
          const v = (a - b - c) | 0;
          u8[code[p + 1]] = v >>> 24;
          i32[13] = 194; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 64: { // SBB8_I
          const c = (((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf()) << 24;
          const a = u8[code[p + 1]] << 24;
          const b = code[p + 6] << 24;
          const v = (a - b - c) | 0;
          u8[code[p + 1]] = v >>> 24;
          i32[13] = 194; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 65: { // SBB16
          const c = (((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf()) << 16;
          const a = i32[code[p + 1]] << 16;
          const b = i32[code[p + 2]] << 16;
          const v = (a - b - c) | 0;
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (v >>> 16);
          i32[13] = 130; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 66: { // SBB16_I
          const c = (((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf()) << 16;
          const a = i32[code[p + 1]] << 16;
          const b = code[p + 6] << 16;
          const v = (a - b - c) | 0;
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (v >>> 16);
          i32[13] = 130; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 67: { // CMP
          const a = i32[code[p + 1]];
          const b = i32[code[p + 2]];
          const v = (a - b) | 0;
          i32[13] = 0; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 68: { // CMP_I
          const a = i32[code[p + 1]];
          const b = code[p + 6];
          const v = (a - b) | 0;
          i32[13] = 0; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 69: { // CMP8
          const a = u8[code[p + 1]] << 24;
          const b = u8[code[p + 2]] << 24;
          const v = (a - b) | 0;
          i32[13] = 192; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 70: { // CMP8_I
          const a = u8[code[p + 1]] << 24;
          const b = code[p + 6] << 24;
          const v = (a - b) | 0;
          i32[13] = 192; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 71: { // CMP16
          const a = i32[code[p + 1]] << 16;
          const b = i32[code[p + 2]] << 16;
          const v = (a - b) | 0;
          i32[13] = 128; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 72: { // CMP16_I
          const a = i32[code[p + 1]] << 16;
          const b = code[p + 6] << 16;
          const v = (a - b) | 0;
          i32[13] = 128; i32[14] = v; i32[15] = a; i32[16] = b;
          p += 8; continue;
        }
        case 73: { // AND
          const v = i32[code[p + 1]] & i32[code[p + 2]];
          i32[code[p + 1]] = v;
          i32[13] = 0; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 74: { // AND_I
          const v = i32[code[p + 1]] & code[p + 6];
          i32[code[p + 1]] = v;
          i32[13] = 0; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 75: { // AND8
          const v = (u8[code[p + 1]] & u8[code[p + 2]]) << 24;
          u8[code[p + 1]] = v >>> 24;
          i32[13] = 192; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 76: { // AND8_I
          const v = (u8[code[p + 1]] & code[p + 6]) << 24;
          u8[code[p + 1]] = v >>> 24;
          i32[13] = 192; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 77: { // AND16
          const v = (i32[code[p + 1]] & i32[code[p + 2]]) << 16;
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (v >>> 16);
          i32[13] = 128; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 78: { // AND16_I
          const v = (i32[code[p + 1]] & code[p + 6]) << 16;
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (v >>> 16);
          i32[13] = 128; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 79: { // OR
          const v = i32[code[p + 1]] | i32[code[p + 2]];
          i32[code[p + 1]] = v;
          i32[13] = 0; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 80: { // OR_I
          const v = i32[code[p + 1]] | code[p + 6];
          i32[code[p + 1]] = v;
          i32[13] = 0; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 81: { // OR8
          const v = (u8[code[p + 1]] | u8[code[p + 2]]) << 24;
          u8[code[p + 1]] = v >>> 24;
          i32[13] = 192; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 82: { // OR8_I
          const v = (u8[code[p + 1]] | code[p + 6]) << 24;
          u8[code[p + 1]] = v >>> 24;
          i32[13] = 192; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 83: { // OR16
          const v = (i32[code[p + 1]] | i32[code[p + 2]]) << 16;
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (v >>> 16);
          i32[13] = 128; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 84: { // OR16_I
          const v = (i32[code[p + 1]] | code[p + 6]) << 16;
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (v >>> 16);
          i32[13] = 128; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 85: { // XOR
          const v = i32[code[p + 1]] ^ i32[code[p + 2]];
          i32[code[p + 1]] = v;
          i32[13] = 0; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 86: { // XOR_I
          const v = i32[code[p + 1]] ^ code[p + 6];
          i32[code[p + 1]] = v;
          i32[13] = 0; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 87: { // XOR8
          const v = (u8[code[p + 1]] ^ u8[code[p + 2]]) << 24;
          u8[code[p + 1]] = v >>> 24;
          i32[13] = 192; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 88: { // XOR8_I
          const v = (u8[code[p + 1]] ^ code[p + 6]) << 24;
          u8[code[p + 1]] = v >>> 24;
          i32[13] = 192; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 89: { // XOR16
          const v = (i32[code[p + 1]] ^ i32[code[p + 2]]) << 16;
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (v >>> 16);
          i32[13] = 128; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 90: { // XOR16_I
          const v = (i32[code[p + 1]] ^ code[p + 6]) << 16;
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (v >>> 16);
          i32[13] = 128; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 91: { // TEST
          const v = i32[code[p + 1]] & i32[code[p + 2]];
          i32[13] = 0; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 92: { // TEST_I
          const v = i32[code[p + 1]] & code[p + 6];
          i32[13] = 0; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 93: { // TEST8
          const v = (u8[code[p + 1]] & u8[code[p + 2]]) << 24;
          i32[13] = 192; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 94: { // TEST8_I
          const v = (u8[code[p + 1]] & code[p + 6]) << 24;
          i32[13] = 192; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 95: { // TEST16
          const v = (i32[code[p + 1]] & i32[code[p + 2]]) << 16;
          i32[13] = 128; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 96: { // TEST16_I
          const v = (i32[code[p + 1]] & code[p + 6]) << 16;
          i32[13] = 128; i32[14] = v; i32[15] = v; i32[16] = 0;
          p += 8; continue;
        }
        case 97: { // INC
          const c = ((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf();
          const a = i32[code[p + 1]];
          const v = (a + 1) | 0;
          i32[code[p + 1]] = v;
          i32[13] = 3; i32[14] = v; i32[15] = a; i32[16] = c;
          p += 8; continue;
        }
        case 98: { // DEC
          const c = ((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf();
          const a = i32[code[p + 1]];
          const v = (a - 1) | 0;
          i32[code[p + 1]] = v;
          i32[13] = 4; i32[14] = v; i32[15] = a; i32[16] = c;
          p += 8; continue;
        }
        case 99: { // INC8
          const c = ((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf();
          const a = u8[code[p + 1]] << 24;
          const v = (a + 16777216) | 0;
          u8[code[p + 1]] = v >>> 24;
          i32[13] = 195; i32[14] = v; i32[15] = a; i32[16] = c;
          p += 8; continue;
        }
        case 100: { // DEC8
          const c = ((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf();
          const a = u8[code[p + 1]] << 24;
          const v = (a - 16777216) | 0;
          u8[code[p + 1]] = v >>> 24;
          i32[13] = 196; i32[14] = v; i32[15] = a; i32[16] = c;
          p += 8; continue;
        }
        case 101: { // INC16
          const c = ((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf();
          const a = i32[code[p + 1]] << 16;
          const v = (a + 65536) | 0;
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (v >>> 16);
          i32[13] = 131; i32[14] = v; i32[15] = a; i32[16] = c;
          p += 8; continue;
        }
        case 102: { // DEC16
          const c = ((i32[13] & 7) === 0) ? ((i32[15] >>> 0 < i32[16] >>> 0) ? 1 : 0) : flags.cf();
          const a = i32[code[p + 1]] << 16;
          const v = (a - 65536) | 0;
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (v >>> 16);
          i32[13] = 132; i32[14] = v; i32[15] = a; i32[16] = c;
          p += 8; continue;
        }
        case 103: { // NEG
          const a = i32[code[p + 1]];
          const v = -a | 0;
          i32[code[p + 1]] = v;
          i32[13] = 0; i32[14] = v; i32[15] = 0; i32[16] = a;
          p += 8; continue;
        }
        case 104: { // NOT
          i32[code[p + 1]] = ~i32[code[p + 1]];
          p += 8; continue;
        }
        case 105: { // IMUL
          const a = i32[code[p + 1]];
          const b = i32[code[p + 2]];
          const v = Math.imul(a, b);
          const o = (a * b === v) ? 0 : 1;
          i32[code[p + 1]] = v;
          i32[13] = 5; i32[14] = v; i32[15] = o | adjust; i32[16] = o;
          p += 8; continue;
        }
        case 106: { // IMUL_I
          const a = i32[code[p + 2]];
          const b = code[p + 6];
          const v = Math.imul(a, b);
          const o = (a * b === v) ? 0 : 1;
          i32[code[p + 1]] = v;
          i32[13] = 5; i32[14] = v; i32[15] = o | adjust; i32[16] = o;
          p += 8; continue;
        }
        case 107: { // SHL_I
          const n = code[p + 6];
          const a = i32[code[p + 1]];
          const v = a << n;
          const c = (a >>> (32 - n)) & 1;
          i32[code[p + 1]] = v;
          i32[13] = 5; i32[14] = v; i32[15] = c | ((v & adjust) | adjustLeft); i32[16] = (v >>> 31) ^ c;
          p += 8; continue;
        }
        case 108: { // SHL_CL
          const n = i32[1] & 31;
          if (n !== 0) { const a = i32[code[p + 1]]; const v = a << n; const c = (a >>> (32 - n)) & 1; i32[code[p + 1]] = v; i32[13] = 5; i32[14] = v; i32[15] = c | ((v & adjust) | adjustLeft); i32[16] = (v >>> 31) ^ c; }
          p += 8; continue;
        }
        case 109: { // SHR_I
          const n = code[p + 6];
          const a = i32[code[p + 1]];
          const v = a >>> n;
          i32[code[p + 1]] = v;
          i32[13] = 5; i32[14] = v; i32[15] = ((a >>> (n - 1)) & 1) | adjust; i32[16] = ((v >>> 31) ^ (v >>> 30)) & 1;
          p += 8; continue;
        }
        case 110: { // SHR_CL
          const n = i32[1] & 31;
          if (n !== 0) { const a = i32[code[p + 1]]; const v = a >>> n; i32[code[p + 1]] = v; i32[13] = 5; i32[14] = v; i32[15] = ((a >>> (n - 1)) & 1) | adjust; i32[16] = ((v >>> 31) ^ (v >>> 30)) & 1; }
          p += 8; continue;
        }
        case 111: { // SAR_I
          const n = code[p + 6];
          const a = i32[code[p + 1]];
          const v = a >> n;
          i32[code[p + 1]] = v;
          i32[13] = 5; i32[14] = v; i32[15] = ((a >> (n - 1)) & 1) | adjust; i32[16] = 0;
          p += 8; continue;
        }
        case 112: { // SAR_CL
          const n = i32[1] & 31;
          if (n !== 0) { const a = i32[code[p + 1]]; const v = a >> n; i32[code[p + 1]] = v; i32[13] = 5; i32[14] = v; i32[15] = ((a >> (n - 1)) & 1) | adjust; i32[16] = 0; }
          p += 8; continue;
        }
        case 113: { // SHL16_I
          const n = code[p + 6];
          const a = i32[code[p + 1]];
          const v = a << (16 + n);
          const c = (a >>> (16 - n)) & 1;
          i32[code[p + 1]] = (a & -65536) | (v >>> 16);
          i32[13] = 133; i32[14] = v; i32[15] = c | (((v >>> 16) & adjust) | adjustLeft); i32[16] = (v >>> 31) ^ c;
          p += 8; continue;
        }
        case 114: { // SHR16_I
          const n = code[p + 6];
          const a = i32[code[p + 1]];
          const v = (a & 65535) >>> n;
          i32[code[p + 1]] = (a & -65536) | v;
          i32[13] = 133; i32[14] = v << 16; i32[15] = ((a >>> (n - 1)) & 1) | adjust; i32[16] = ((v >>> 15) ^ (v >>> 14)) & 1;
          p += 8; continue;
        }
        case 115: { // ROL_I
          const n = code[p + 6];
          const a = i32[code[p + 1]];
          const v = (a << n) | (a >>> (32 - n));
          i32[code[p + 1]] = v;
          run.rotated(v & 1, (v ^ (v >>> 31)) & 1);
          p += 8; continue;
        }
        case 116: { // ROR_I
          const n = code[p + 6];
          const a = i32[code[p + 1]];
          const v = (a >>> n) | (a << (32 - n));
          i32[code[p + 1]] = v;
          run.rotated(v >>> 31, (v >>> 31) ^ ((v >>> 30) & 1));
          p += 8; continue;
        }
        case 117: { // CMOV
          if (flags.condition(code[p + 6])) { i32[code[p + 1]] = i32[code[p + 2]]; }
          p += 8; continue;
        }
        case 118: { // SETCC
          u8[code[p + 1]] = flags.condition(code[p + 6]) ? 1 : 0;
          p += 8; continue;
        }
        case 119: { // END
          left = (left - (code[p + 7] >>> 17)) | 0;
          base = (base + (code[p + 7] & 8191)) | 0;
          p = run.enter(base, left, 0);
          if (p === 0) return;
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 120: { // COLD_END
          run.coldEnd(p);
          return;
        }
        case 121: { // COLD_REFETCH
          run.cold(p);
          
          const place = code[p + 7];
          left = (left - (place >>> 17) - 1) | 0;
          base = (base + (place & 8191) + ((place >>> 13) & 15)) | 0;
          p = run.enter(base, left, 0);
          if (p === 0) return;
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 122: { // INVLPG
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0;
          run.invlpg(p, lin);
          
          const place = code[p + 7];
          left = (left - (place >>> 17) - 1) | 0;
          base = (base + (place & 8191) + ((place >>> 13) & 15)) | 0;
          p = run.refetch(base, left, p + 1);
          if (p === 0) return;
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 123: { // LOAD_CR3
          run.loadDirectory(p, i32[code[p + 2]] & -4072);
          
          const place = code[p + 7];
          left = (left - (place >>> 17) - 1) | 0;
          base = (base + (place & 8191) + ((place >>> 13) & 15)) | 0;
          p = run.refetch(base, left, p + 1);
          if (p === 0) return;
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 124: { // JMP
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          base = (base + code[p + 5]) | 0;
          {
            const linked = code[p + 1];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, p + 1);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 125: { // JMP_R
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          base = (i32[code[p + 2]]) | 0;
          {
            const linked = 0;
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, 0);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 126: { // JCC0
          const taken = flags.condition(0);
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          base = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          {
            const linked = code[link];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, link);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 127: { // JCC1
          const taken = flags.condition(1);
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          base = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          {
            const linked = code[link];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, link);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 128: { // JCC2
          const taken = ((i32[13] & 7) === 0) ? (i32[15] >>> 0 < i32[16] >>> 0) : flags.condition(2);
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          base = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          {
            const linked = code[link];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, link);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 129: { // JCC3
          const taken = ((i32[13] & 7) === 0) ? (i32[15] >>> 0 >= i32[16] >>> 0) : flags.condition(3);
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          base = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          {
            const linked = code[link];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, link);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 130: { // JCC4
          const taken = i32[14] === 0;
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          base = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          {
            const linked = code[link];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, link);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 131: { // JCC5
          const taken = i32[14] !== 0;
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          base = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          {
            const linked = code[link];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, link);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 132: { // JCC6
          const taken = ((i32[13] & 7) === 0) ? (i32[15] >>> 0 <= i32[16] >>> 0) : flags.condition(6);
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          base = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          {
            const linked = code[link];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, link);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 133: { // JCC7
          const taken = ((i32[13] & 7) === 0) ? (i32[15] >>> 0 > i32[16] >>> 0) : flags.condition(7);
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          base = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          {
            const linked = code[link];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, link);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 134: { // JCC8
          const taken = ((i32[13] & 7) === 0) ? (i32[14] < 0) : flags.condition(8);
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          base = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          {
            const linked = code[link];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, link);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 135: { // JCC9
          const taken = ((i32[13] & 7) === 0) ? (i32[14] >= 0) : flags.condition(9);
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          base = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          {
            const linked = code[link];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, link);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 136: { // JCC10
          const taken = flags.condition(10);
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          base = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          {
            const linked = code[link];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, link);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 137: { // JCC11
          const taken = flags.condition(11);
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          base = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          {
            const linked = code[link];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, link);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 138: { // JCC12
          const taken = ((i32[13] & 7) === 0) ? (i32[15] < i32[16]) : flags.condition(12);
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          base = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          {
            const linked = code[link];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, link);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 139: { // JCC13
          const taken = ((i32[13] & 7) === 0) ? (i32[15] >= i32[16]) : flags.condition(13);
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          base = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          {
            const linked = code[link];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, link);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 140: { // JCC14
          const taken = ((i32[13] & 7) === 0) ? (i32[15] <= i32[16]) : flags.condition(14);
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          base = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          {
            const linked = code[link];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, link);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 141: { // JCC15
          const taken = ((i32[13] & 7) === 0) ? (i32[15] > i32[16]) : flags.condition(15);
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          base = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          {
            const linked = code[link];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, link);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 142: { // CALL
          { const v = (base + code[p + 6]) | 0; const lin = (i32[4] - 4) | 0; 
          const slot = i32[1048576 + (lin >>> 12)];
          if ((slot & canWrite) !== 0 && (lin & 4095) <= 4092) {
            const at = (slot & -4096) + (lin & 4095);
            view.setInt32(at, v, true);
          } else run.writeSlow(p, lin, 4, v); i32[4] = lin; }
          i32[76] = 1;
          
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          base = (base + code[p + 5]) | 0;
          {
            const linked = code[p + 1];
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, p + 1);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 143: { // CALL_R
          const target = i32[code[p + 2]];
          { const v = (base + code[p + 6]) | 0; const lin = (i32[4] - 4) | 0; 
          const slot = i32[1048576 + (lin >>> 12)];
          if ((slot & canWrite) !== 0 && (lin & 4095) <= 4092) {
            const at = (slot & -4096) + (lin & 4095);
            view.setInt32(at, v, true);
          } else run.writeSlow(p, lin, 4, v); i32[4] = lin; }
          i32[76] = 1;
          
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          base = (target) | 0;
          {
            const linked = 0;
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, 0);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 144: { // RET
          const lin = i32[4];
          
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 && (lin & 4095) <= 4092 ? view.getInt32(at, true) : run.readSlow(p, lin, 4);
          i32[4] = (lin + code[p + 6]) | 0;
          
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          base = (v) | 0;
          {
            const linked = 0;
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, 0);
            if (p === 0) return;
          }
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 145: { // JMP_NEAR
          const taken = true;
          const sum = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          const to = taken ? sum & code[p + 4] : sum;
          const limit = i32[38] >>> 0;
          if (taken && to >>> 0 > limit) run.beyondCode(p);
          
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          const linked = to === sum && (to >>> 0) + 960 <= limit ? code[link] : 0;
          base = to;
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, to === sum ? link : 0);
            if (p === 0) return;
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 146: { // JCC_NEAR
          const taken = flags.condition(code[p + 3]);
          const sum = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          const to = taken ? sum & code[p + 4] : sum;
          const limit = i32[38] >>> 0;
          if (taken && to >>> 0 > limit) run.beyondCode(p);
          
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          const linked = to === sum && (to >>> 0) + 960 <= limit ? code[link] : 0;
          base = to;
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, to === sum ? link : 0);
            if (p === 0) return;
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 147: { // LOOP
          const mask = code[p + 3];
          const count = (i32[1] - 1) & mask;
          
          const taken = count !== 0;
          const sum = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          const to = taken ? sum & code[p + 4] : sum;
          const limit = i32[38] >>> 0;
          if (taken && to >>> 0 > limit) run.beyondCode(p);
          i32[1] = (i32[1] & ~mask) | count;
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          const linked = to === sum && (to >>> 0) + 960 <= limit ? code[link] : 0;
          base = to;
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, to === sum ? link : 0);
            if (p === 0) return;
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 148: { // LOOPE
          const mask = code[p + 3];
          const count = (i32[1] - 1) & mask;
          
          const taken = (count !== 0) && (i32[14] === 0);
          const sum = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          const to = taken ? sum & code[p + 4] : sum;
          const limit = i32[38] >>> 0;
          if (taken && to >>> 0 > limit) run.beyondCode(p);
          i32[1] = (i32[1] & ~mask) | count;
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          const linked = to === sum && (to >>> 0) + 960 <= limit ? code[link] : 0;
          base = to;
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, to === sum ? link : 0);
            if (p === 0) return;
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 149: { // LOOPNE
          const mask = code[p + 3];
          const count = (i32[1] - 1) & mask;
          
          const taken = (count !== 0) && (i32[14] !== 0);
          const sum = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          const to = taken ? sum & code[p + 4] : sum;
          const limit = i32[38] >>> 0;
          if (taken && to >>> 0 > limit) run.beyondCode(p);
          i32[1] = (i32[1] & ~mask) | count;
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          const linked = to === sum && (to >>> 0) + 960 <= limit ? code[link] : 0;
          base = to;
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, to === sum ? link : 0);
            if (p === 0) return;
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        case 150: { // JCXZ
          const taken = (i32[1] & code[p + 3]) === 0;
          const sum = (base + (taken ? code[p + 5] : code[p + 6])) | 0;
          const to = taken ? sum & code[p + 4] : sum;
          const limit = i32[38] >>> 0;
          if (taken && to >>> 0 > limit) run.beyondCode(p);
          
          left = (left - (code[p + 7] >>> 17) - 1) | 0;
          const link = taken ? p + 1 : p + 2;
          const linked = to === sum && (to >>> 0) + 960 <= limit ? code[link] : 0;
          base = to;
          if (linked !== 0 && code[linked - 8] <= left) p = linked;
          else {
            p = run.enter(base, left, to === sum ? link : 0);
            if (p === 0) return;
          }
          i32[86] = left;
          i32[87] = base;
          if (counts && --code[p - 4] < 0) {
            p = run.hot(p, left);
            if (p === 0) return;
            left = i32[86];
            base = i32[87];
          }
          continue;
        }
        default:
          return;
      }
    }
  };
}
