// biome-ignore-all format: generated
// biome-ignore-all lint: generated
// Generated from hot/templates.ts by hot/generate.ts. Do not edit.
import type { BlockRunner } from './block-runner.ts';

/** Runs blocks from a micro-op until one cannot go on; EIP and icount are then up to date. */
export type Interpret = (start: number) => void;

/**
 * The hot loop: one switch over micro-ops. What it leaves to slower paths is in `run`. It is a closure, and not a
 * method, because V8 then takes the views for constants, and their addresses and lengths into the code.
 */
export function createInterpreter(run: BlockRunner): Interpret {
  const { i32, u8, view, code, flags, adjust } = run;
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
          run.cold(p); p += 8; continue;
        }
        case 2: { // MOV
          i32[code[p + 1]] = i32[code[p + 2]]; p += 8; continue;
        }
        case 3: { // MOV_I
          i32[code[p + 1]] = code[p + 6]; p += 8; continue;
        }
        case 4: { // MOV8
          u8[code[p + 1]] = u8[code[p + 2]]; p += 8; continue;
        }
        case 5: { // MOV8_I
          u8[code[p + 1]] = code[p + 6]; p += 8; continue;
        }
        case 6: { // MOV16
          i32[code[p + 1]] = (i32[code[p + 1]] & -65536) | (i32[code[p + 2]] & 65535); p += 8; continue;
        }
        case 7: { // MOV_ESP
          run.moveEsp(p, i32[code[p + 2]]); p += 8; continue;
        }
        case 8: { // ZX8
          i32[code[p + 1]] = u8[code[p + 2]]; p += 8; continue;
        }
        case 9: { // SX8
          i32[code[p + 1]] = (u8[code[p + 2]] << 24) >> 24; p += 8; continue;
        }
        case 10: { // ZX16
          i32[code[p + 1]] = i32[code[p + 2]] & 65535; p += 8; continue;
        }
        case 11: { // SX16
          i32[code[p + 1]] = (i32[code[p + 2]] << 16) >> 16; p += 8; continue;
        }
        case 12: { // XCHG
          const v = i32[code[p + 1]]; i32[code[p + 1]] = i32[code[p + 2]]; i32[code[p + 2]] = v; p += 8; continue;
        }
        case 13: { // MOV_CR
          run.requirePrivilege(p); i32[code[p + 1]] = i32[code[p + 2]]; p += 8; continue;
        }
        case 14: { // LEA
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0; i32[code[p + 1]] = lin; p += 8; continue;
        }
        case 15: { // CDQ
          i32[2] = i32[0] >> 31; p += 8; continue;
        }
        case 16: { // LOAD
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0; 
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 && (lin & 4095) <= 4092 ? view.getInt32(at, true) : run.readSlow(p, lin, 4); i32[code[p + 1]] = v; p += 8; continue;
        }
        case 17: { // LOAD_B
          const lin = (i32[code[p + 2]] + code[p + 5]) | 0; 
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 && (lin & 4095) <= 4092 ? view.getInt32(at, true) : run.readSlow(p, lin, 4); i32[code[p + 1]] = v; p += 8; continue;
        }
        case 18: { // LOAD8
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0; 
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 ? u8[at] : run.readSlow(p, lin, 1); u8[code[p + 1]] = v; p += 8; continue;
        }
        case 19: { // LOAD_ZX8
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0; 
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 ? u8[at] : run.readSlow(p, lin, 1); i32[code[p + 1]] = v; p += 8; continue;
        }
        case 20: { // LOAD_SX8
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0; 
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 ? u8[at] : run.readSlow(p, lin, 1); i32[code[p + 1]] = (v << 24) >> 24; p += 8; continue;
        }
        case 21: { // LOAD_ZX16
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0; 
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 && (lin & 4095) <= 4094 ? view.getUint16(at, true) : run.readSlow(p, lin, 2); i32[code[p + 1]] = v; p += 8; continue;
        }
        case 22: { // LOAD_SX16
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0; 
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 && (lin & 4095) <= 4094 ? view.getUint16(at, true) : run.readSlow(p, lin, 2); i32[code[p + 1]] = (v << 16) >> 16; p += 8; continue;
        }
        case 23: { // MODIFY
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0; 
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canWrite) !== 0 && (lin & 4095) <= 4092 ? view.getInt32(at, true) : run.readForWriteSlow(p, lin, 4); i32[code[p + 1]] = v; p += 8; continue;
        }
        case 24: { // MODIFY8
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0; 
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canWrite) !== 0 ? u8[at] : run.readForWriteSlow(p, lin, 1); u8[code[p + 1]] = v; p += 8; continue;
        }
        case 25: { // STORE
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0; const v = i32[code[p + 1]]; 
          const slot = i32[1048576 + (lin >>> 12)];
          if ((slot & canWrite) !== 0 && (lin & 4095) <= 4092) {
            const at = (slot & -4096) + (lin & 4095);
            view.setInt32(at, v, true);
          } else run.writeSlow(p, lin, 4, v); p += 8; continue;
        }
        case 26: { // STORE_B
          const lin = (i32[code[p + 2]] + code[p + 5]) | 0; const v = i32[code[p + 1]]; 
          const slot = i32[1048576 + (lin >>> 12)];
          if ((slot & canWrite) !== 0 && (lin & 4095) <= 4092) {
            const at = (slot & -4096) + (lin & 4095);
            view.setInt32(at, v, true);
          } else run.writeSlow(p, lin, 4, v); p += 8; continue;
        }
        case 27: { // STORE8
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0; const v = u8[code[p + 1]]; 
          const slot = i32[1048576 + (lin >>> 12)];
          if ((slot & canWrite) !== 0) {
            const at = (slot & -4096) + (lin & 4095);
            u8[at] = v;
          } else run.writeSlow(p, lin, 1, v); p += 8; continue;
        }
        case 28: { // STORE16
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0; const v = i32[code[p + 1]]; 
          const slot = i32[1048576 + (lin >>> 12)];
          if ((slot & canWrite) !== 0 && (lin & 4095) <= 4094) {
            const at = (slot & -4096) + (lin & 4095);
            view.setInt16(at, v, true);
          } else run.writeSlow(p, lin, 2, v); p += 8; continue;
        }
        case 29: { // PUSH
          const v = i32[code[p + 1]]; const lin = (i32[4] - 4) | 0; 
          const slot = i32[1048576 + (lin >>> 12)];
          if ((slot & canWrite) !== 0 && (lin & 4095) <= 4092) {
            const at = (slot & -4096) + (lin & 4095);
            view.setInt32(at, v, true);
          } else run.writeSlow(p, lin, 4, v); i32[4] = lin; p += 8; continue;
        }
        case 30: { // PUSH_I
          const v = code[p + 6]; const lin = (i32[4] - 4) | 0; 
          const slot = i32[1048576 + (lin >>> 12)];
          if ((slot & canWrite) !== 0 && (lin & 4095) <= 4092) {
            const at = (slot & -4096) + (lin & 4095);
            view.setInt32(at, v, true);
          } else run.writeSlow(p, lin, 4, v); i32[4] = lin; p += 8; continue;
        }
        case 31: { // POP
          const lin = i32[4]; 
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 && (lin & 4095) <= 4092 ? view.getInt32(at, true) : run.readSlow(p, lin, 4); i32[4] = (lin + 4) | 0; i32[code[p + 1]] = v; p += 8; continue;
        }
        case 32: { // LEAVE
          const lin = i32[5]; 
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 && (lin & 4095) <= 4092 ? view.getInt32(at, true) : run.readSlow(p, lin, 4); i32[4] = (lin + 4) | 0; i32[5] = v; p += 8; continue;
        }
        case 33: { // ADD
          const a = i32[code[p + 1]]; const b = i32[code[p + 2]]; const v = (a + b) | 0; i32[code[p + 1]] = v; i32[13] = 1; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 34: { // ADD_I
          const a = i32[code[p + 1]]; const b = code[p + 6]; const v = (a + b) | 0; i32[code[p + 1]] = v; i32[13] = 1; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 35: { // ADD8
          const a = u8[code[p + 1]] << 24; const b = u8[code[p + 2]] << 24; const v = (a + b) | 0; u8[code[p + 1]] = v >>> 24; i32[13] = 193; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 36: { // ADD8_I
          const a = u8[code[p + 1]] << 24; const b = code[p + 6] << 24; const v = (a + b) | 0; u8[code[p + 1]] = v >>> 24; i32[13] = 193; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 37: { // ADC
          const c = ((i32[13] & 7) === 0 ? (i32[15] >>> 0 < i32[16] >>> 0 ? 1 : 0) : flags.cf()); const a = i32[code[p + 1]]; const b = i32[code[p + 2]]; const v = (a + b + c) | 0; i32[code[p + 1]] = v; i32[13] = 1; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 38: { // ADC_I
          const c = ((i32[13] & 7) === 0 ? (i32[15] >>> 0 < i32[16] >>> 0 ? 1 : 0) : flags.cf()); const a = i32[code[p + 1]]; const b = code[p + 6]; const v = (a + b + c) | 0; i32[code[p + 1]] = v; i32[13] = 1; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 39: { // ADC8
          const c = ((i32[13] & 7) === 0 ? (i32[15] >>> 0 < i32[16] >>> 0 ? 1 : 0) : flags.cf()) << 24; const a = u8[code[p + 1]] << 24; const b = u8[code[p + 2]] << 24; const v = (a + b + c) | 0; u8[code[p + 1]] = v >>> 24; i32[13] = 193; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 40: { // ADC8_I
          const c = ((i32[13] & 7) === 0 ? (i32[15] >>> 0 < i32[16] >>> 0 ? 1 : 0) : flags.cf()) << 24; const a = u8[code[p + 1]] << 24; const b = code[p + 6] << 24; const v = (a + b + c) | 0; u8[code[p + 1]] = v >>> 24; i32[13] = 193; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 41: { // SUB
          const a = i32[code[p + 1]]; const b = i32[code[p + 2]]; const v = (a - b) | 0; i32[code[p + 1]] = v; i32[13] = 0; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 42: { // SUB_I
          const a = i32[code[p + 1]]; const b = code[p + 6]; const v = (a - b) | 0; i32[code[p + 1]] = v; i32[13] = 0; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 43: { // SUB8
          const a = u8[code[p + 1]] << 24; const b = u8[code[p + 2]] << 24; const v = (a - b) | 0; u8[code[p + 1]] = v >>> 24; i32[13] = 192; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 44: { // SUB8_I
          const a = u8[code[p + 1]] << 24; const b = code[p + 6] << 24; const v = (a - b) | 0; u8[code[p + 1]] = v >>> 24; i32[13] = 192; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 45: { // SBB
          const c = ((i32[13] & 7) === 0 ? (i32[15] >>> 0 < i32[16] >>> 0 ? 1 : 0) : flags.cf()); const a = i32[code[p + 1]]; const b = i32[code[p + 2]]; const v = (a - b - c) | 0; i32[code[p + 1]] = v; i32[13] = 2; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 46: { // SBB_I
          const c = ((i32[13] & 7) === 0 ? (i32[15] >>> 0 < i32[16] >>> 0 ? 1 : 0) : flags.cf()); const a = i32[code[p + 1]]; const b = code[p + 6]; const v = (a - b - c) | 0; i32[code[p + 1]] = v; i32[13] = 2; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 47: { // SBB8
          const c = ((i32[13] & 7) === 0 ? (i32[15] >>> 0 < i32[16] >>> 0 ? 1 : 0) : flags.cf()) << 24; const a = u8[code[p + 1]] << 24; const b = u8[code[p + 2]] << 24; const v = (a - b - c) | 0; u8[code[p + 1]] = v >>> 24; i32[13] = 194; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 48: { // SBB8_I
          const c = ((i32[13] & 7) === 0 ? (i32[15] >>> 0 < i32[16] >>> 0 ? 1 : 0) : flags.cf()) << 24; const a = u8[code[p + 1]] << 24; const b = code[p + 6] << 24; const v = (a - b - c) | 0; u8[code[p + 1]] = v >>> 24; i32[13] = 194; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 49: { // CMP
          const a = i32[code[p + 1]]; const b = i32[code[p + 2]]; const v = (a - b) | 0; i32[13] = 0; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 50: { // CMP_I
          const a = i32[code[p + 1]]; const b = code[p + 6]; const v = (a - b) | 0; i32[13] = 0; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 51: { // CMP8
          const a = u8[code[p + 1]] << 24; const b = u8[code[p + 2]] << 24; const v = (a - b) | 0; i32[13] = 192; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 52: { // CMP8_I
          const a = u8[code[p + 1]] << 24; const b = code[p + 6] << 24; const v = (a - b) | 0; i32[13] = 192; i32[14] = v; i32[15] = a; i32[16] = b; p += 8; continue;
        }
        case 53: { // AND
          const v = i32[code[p + 1]] & i32[code[p + 2]]; i32[code[p + 1]] = v; i32[13] = 0; i32[14] = v; i32[15] = v; i32[16] = 0; p += 8; continue;
        }
        case 54: { // AND_I
          const v = i32[code[p + 1]] & code[p + 6]; i32[code[p + 1]] = v; i32[13] = 0; i32[14] = v; i32[15] = v; i32[16] = 0; p += 8; continue;
        }
        case 55: { // AND8
          const v = (u8[code[p + 1]] & u8[code[p + 2]]) << 24; u8[code[p + 1]] = v >>> 24; i32[13] = 192; i32[14] = v; i32[15] = v; i32[16] = 0; p += 8; continue;
        }
        case 56: { // AND8_I
          const v = (u8[code[p + 1]] & code[p + 6]) << 24; u8[code[p + 1]] = v >>> 24; i32[13] = 192; i32[14] = v; i32[15] = v; i32[16] = 0; p += 8; continue;
        }
        case 57: { // OR
          const v = i32[code[p + 1]] | i32[code[p + 2]]; i32[code[p + 1]] = v; i32[13] = 0; i32[14] = v; i32[15] = v; i32[16] = 0; p += 8; continue;
        }
        case 58: { // OR_I
          const v = i32[code[p + 1]] | code[p + 6]; i32[code[p + 1]] = v; i32[13] = 0; i32[14] = v; i32[15] = v; i32[16] = 0; p += 8; continue;
        }
        case 59: { // OR8
          const v = (u8[code[p + 1]] | u8[code[p + 2]]) << 24; u8[code[p + 1]] = v >>> 24; i32[13] = 192; i32[14] = v; i32[15] = v; i32[16] = 0; p += 8; continue;
        }
        case 60: { // OR8_I
          const v = (u8[code[p + 1]] | code[p + 6]) << 24; u8[code[p + 1]] = v >>> 24; i32[13] = 192; i32[14] = v; i32[15] = v; i32[16] = 0; p += 8; continue;
        }
        case 61: { // XOR
          const v = i32[code[p + 1]] ^ i32[code[p + 2]]; i32[code[p + 1]] = v; i32[13] = 0; i32[14] = v; i32[15] = v; i32[16] = 0; p += 8; continue;
        }
        case 62: { // XOR_I
          const v = i32[code[p + 1]] ^ code[p + 6]; i32[code[p + 1]] = v; i32[13] = 0; i32[14] = v; i32[15] = v; i32[16] = 0; p += 8; continue;
        }
        case 63: { // XOR8
          const v = (u8[code[p + 1]] ^ u8[code[p + 2]]) << 24; u8[code[p + 1]] = v >>> 24; i32[13] = 192; i32[14] = v; i32[15] = v; i32[16] = 0; p += 8; continue;
        }
        case 64: { // XOR8_I
          const v = (u8[code[p + 1]] ^ code[p + 6]) << 24; u8[code[p + 1]] = v >>> 24; i32[13] = 192; i32[14] = v; i32[15] = v; i32[16] = 0; p += 8; continue;
        }
        case 65: { // TEST
          const v = i32[code[p + 1]] & i32[code[p + 2]]; i32[13] = 0; i32[14] = v; i32[15] = v; i32[16] = 0; p += 8; continue;
        }
        case 66: { // TEST_I
          const v = i32[code[p + 1]] & code[p + 6]; i32[13] = 0; i32[14] = v; i32[15] = v; i32[16] = 0; p += 8; continue;
        }
        case 67: { // TEST8
          const v = (u8[code[p + 1]] & u8[code[p + 2]]) << 24; i32[13] = 192; i32[14] = v; i32[15] = v; i32[16] = 0; p += 8; continue;
        }
        case 68: { // TEST8_I
          const v = (u8[code[p + 1]] & code[p + 6]) << 24; i32[13] = 192; i32[14] = v; i32[15] = v; i32[16] = 0; p += 8; continue;
        }
        case 69: { // INC
          const c = ((i32[13] & 7) === 0 ? (i32[15] >>> 0 < i32[16] >>> 0 ? 1 : 0) : flags.cf()); const a = i32[code[p + 1]]; const v = (a + 1) | 0; i32[code[p + 1]] = v; i32[13] = 3; i32[14] = v; i32[15] = a; i32[16] = c; p += 8; continue;
        }
        case 70: { // DEC
          const c = ((i32[13] & 7) === 0 ? (i32[15] >>> 0 < i32[16] >>> 0 ? 1 : 0) : flags.cf()); const a = i32[code[p + 1]]; const v = (a - 1) | 0; i32[code[p + 1]] = v; i32[13] = 4; i32[14] = v; i32[15] = a; i32[16] = c; p += 8; continue;
        }
        case 71: { // NEG
          const a = i32[code[p + 1]]; const v = -a | 0; i32[code[p + 1]] = v; i32[13] = 0; i32[14] = v; i32[15] = 0; i32[16] = a; p += 8; continue;
        }
        case 72: { // NOT
          i32[code[p + 1]] = ~i32[code[p + 1]]; p += 8; continue;
        }
        case 73: { // IMUL
          const a = i32[code[p + 1]]; const b = i32[code[p + 2]]; const v = Math.imul(a, b); const o = a * b === v ? 0 : 1; i32[code[p + 1]] = v; i32[13] = 5; i32[14] = v; i32[15] = o | adjust; i32[16] = o; p += 8; continue;
        }
        case 74: { // IMUL_I
          const a = i32[code[p + 2]]; const b = code[p + 6]; const v = Math.imul(a, b); const o = a * b === v ? 0 : 1; i32[code[p + 1]] = v; i32[13] = 5; i32[14] = v; i32[15] = o | adjust; i32[16] = o; p += 8; continue;
        }
        case 75: { // SHL_I
          const n = code[p + 6]; const a = i32[code[p + 1]]; const v = a << n; const c = (a >>> (32 - n)) & 1; i32[code[p + 1]] = v; i32[13] = 5; i32[14] = v; i32[15] = c | (v & adjust); i32[16] = (v >>> 31) ^ c; p += 8; continue;
        }
        case 76: { // SHL_CL
          const n = i32[1] & 31; if (n !== 0) { const a = i32[code[p + 1]]; const v = a << n; const c = (a >>> (32 - n)) & 1; i32[code[p + 1]] = v; i32[13] = 5; i32[14] = v; i32[15] = c | (v & adjust); i32[16] = (v >>> 31) ^ c; } p += 8; continue;
        }
        case 77: { // SHR_I
          const n = code[p + 6]; const a = i32[code[p + 1]]; const v = a >>> n; i32[code[p + 1]] = v; i32[13] = 5; i32[14] = v; i32[15] = ((a >>> (n - 1)) & 1) | adjust; i32[16] = ((v >>> 31) ^ (v >>> 30)) & 1; p += 8; continue;
        }
        case 78: { // SHR_CL
          const n = i32[1] & 31; if (n !== 0) { const a = i32[code[p + 1]]; const v = a >>> n; i32[code[p + 1]] = v; i32[13] = 5; i32[14] = v; i32[15] = ((a >>> (n - 1)) & 1) | adjust; i32[16] = ((v >>> 31) ^ (v >>> 30)) & 1; } p += 8; continue;
        }
        case 79: { // SAR_I
          const n = code[p + 6]; const a = i32[code[p + 1]]; const v = a >> n; i32[code[p + 1]] = v; i32[13] = 5; i32[14] = v; i32[15] = ((a >> (n - 1)) & 1) | adjust; i32[16] = 0; p += 8; continue;
        }
        case 80: { // SAR_CL
          const n = i32[1] & 31; if (n !== 0) { const a = i32[code[p + 1]]; const v = a >> n; i32[code[p + 1]] = v; i32[13] = 5; i32[14] = v; i32[15] = ((a >> (n - 1)) & 1) | adjust; i32[16] = 0; } p += 8; continue;
        }
        case 81: { // ROL_I
          const n = code[p + 6]; const a = i32[code[p + 1]]; const v = (a << n) | (a >>> (32 - n)); i32[code[p + 1]] = v; run.rotated(v & 1, (v ^ (v >>> 31)) & 1); p += 8; continue;
        }
        case 82: { // ROR_I
          const n = code[p + 6]; const a = i32[code[p + 1]]; const v = (a >>> n) | (a << (32 - n)); i32[code[p + 1]] = v; run.rotated(v >>> 31, (v >>> 31) ^ ((v >>> 30) & 1)); p += 8; continue;
        }
        case 83: { // CMOV
          if (flags.condition(code[p + 6])) i32[code[p + 1]] = i32[code[p + 2]]; p += 8; continue;
        }
        case 84: { // SETCC
          u8[code[p + 1]] = flags.condition(code[p + 6]) ? 1 : 0; p += 8; continue;
        }
        case 85: { // END
          left = (left - (code[p + 7] >>> 17)) | 0;
          base = (base + (code[p + 7] & 8191)) | 0;
          p = run.enter(base, left, 0);
          if (p === 0) return;
          i32[86] = left;
          i32[87] = base;
          continue;
        }
        case 86: { // COLD_END
          run.coldEnd(p); return;
        }
        case 87: { // COLD_REFETCH
          run.cold(p);
          const place = code[p + 7];
          left = (left - (place >>> 17) - 1) | 0;
          base = (base + (place & 8191) + ((place >>> 13) & 15)) | 0;
          p = run.enter(base, left, 0);
          if (p === 0) return;
          i32[86] = left;
          i32[87] = base;
          continue;
        }
        case 88: { // INVLPG
          const lin = (i32[code[p + 2]] + (i32[code[p + 3]] << code[p + 4]) + code[p + 5]) | 0; run.invlpg(p, lin);
          const place = code[p + 7];
          left = (left - (place >>> 17) - 1) | 0;
          base = (base + (place & 8191) + ((place >>> 13) & 15)) | 0;
          p = run.refetch(base, left, p + 1);
          if (p === 0) return;
          i32[86] = left;
          i32[87] = base;
          continue;
        }
        case 89: { // LOAD_CR3
          run.loadDirectory(p, i32[code[p + 2]] & -4072);
          const place = code[p + 7];
          left = (left - (place >>> 17) - 1) | 0;
          base = (base + (place & 8191) + ((place >>> 13) & 15)) | 0;
          p = run.refetch(base, left, p + 1);
          if (p === 0) return;
          i32[86] = left;
          i32[87] = base;
          continue;
        }
        case 90: { // JMP
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
          continue;
        }
        case 91: { // JMP_R
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
          continue;
        }
        case 92: { // JCC0
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
          continue;
        }
        case 93: { // JCC1
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
          continue;
        }
        case 94: { // JCC2
          const taken = ((i32[13] & 7) === 0 ? i32[15] >>> 0 < i32[16] >>> 0 : flags.condition(2));
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
          continue;
        }
        case 95: { // JCC3
          const taken = ((i32[13] & 7) === 0 ? i32[15] >>> 0 >= i32[16] >>> 0 : flags.condition(3));
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
          continue;
        }
        case 96: { // JCC4
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
          continue;
        }
        case 97: { // JCC5
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
          continue;
        }
        case 98: { // JCC6
          const taken = ((i32[13] & 7) === 0 ? i32[15] >>> 0 <= i32[16] >>> 0 : flags.condition(6));
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
          continue;
        }
        case 99: { // JCC7
          const taken = ((i32[13] & 7) === 0 ? i32[15] >>> 0 > i32[16] >>> 0 : flags.condition(7));
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
          continue;
        }
        case 100: { // JCC8
          const taken = ((i32[13] & 7) === 0 ? i32[14] < 0 : flags.condition(8));
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
          continue;
        }
        case 101: { // JCC9
          const taken = ((i32[13] & 7) === 0 ? i32[14] >= 0 : flags.condition(9));
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
          continue;
        }
        case 102: { // JCC10
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
          continue;
        }
        case 103: { // JCC11
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
          continue;
        }
        case 104: { // JCC12
          const taken = ((i32[13] & 7) === 0 ? i32[15] < i32[16] : flags.condition(12));
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
          continue;
        }
        case 105: { // JCC13
          const taken = ((i32[13] & 7) === 0 ? i32[15] >= i32[16] : flags.condition(13));
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
          continue;
        }
        case 106: { // JCC14
          const taken = ((i32[13] & 7) === 0 ? i32[15] <= i32[16] : flags.condition(14));
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
          continue;
        }
        case 107: { // JCC15
          const taken = ((i32[13] & 7) === 0 ? i32[15] > i32[16] : flags.condition(15));
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
          continue;
        }
        case 108: { // CALL
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
          continue;
        }
        case 109: { // CALL_R
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
          continue;
        }
        case 110: { // RET
          const lin = i32[4]; 
          const slot = i32[1048576 + (lin >>> 12)];
          const at = (slot & -4096) + (lin & 4095);
          const v = (slot & canRead) !== 0 && (lin & 4095) <= 4092 ? view.getInt32(at, true) : run.readSlow(p, lin, 4); i32[4] = (lin + code[p + 6]) | 0;
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
          continue;
        }
        default:
          return;
      }
    }
  };
}
