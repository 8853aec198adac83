import { MICRO_OPS } from '../blocks/micro-op-table.ts';
import * as micro from '../blocks/micro-ops.ts';
import * as wasm from './assembler.ts';
import type { Graph } from './graph.ts';
import { importedFunctions } from './imported.ts';
import { LOCALS, nameOfLocal } from './locals.ts';

/** Compiled code as text, for finding miscompiles. */

const hex = (value: number): string => value.toString(16);

/** The micro-ops of a region's blocks, line by line: offset in the page, name, and the fields that are not 0. */
export function microOpText(code: Int32Array, graph: Graph): string[] {
  return [...graph.values()].flatMap(({ offset, start, end, count, cut }) => {
    const lines = [
      `block +${hex(offset)}: ${count} instructions${cut === undefined ? '' : ', continued in the next'}`,
    ];
    for (let p = start; p <= end; p += micro.WORDS) {
      const fields = Object.entries(micro.FIELDS).flatMap(([name, at]) =>
        code[p + at] === 0 ? [] : [`${name}=${hex(code[p + at])}`],
      );
      const at = offset + (code[p + micro.PLACE] & micro.OFFSET_MASK);
      lines.push(`  +${hex(at)} ${[MICRO_OPS[code[p]].name, ...fields].join(' ')}`);
    }
    return lines;
  });
}

/** Instructions without operands, and those with an address, by opcode. */
const PLAIN = new Map<number, string>();
const MEMORY = new Map<number, string>();
for (const [name, opcode] of Object.entries(wasm)) {
  if (typeof opcode !== 'number' || name === 'I32' || name === 'EMPTY') continue;
  const text = name.toLowerCase().replace('_', '.');
  if (/^[IF]\d\d_(LOAD|STORE)/.test(name)) MEMORY.set(opcode, text);
  else PLAIN.set(opcode, /^[if](32|64)/.test(text) ? text : name.toLowerCase());
}

const FUNCTIONS = importedFunctions(() => 0).map(({ name }) => name);

/** Reads the numbers of an instruction (Core Specification, 5.2.2). */
class Reader {
  at = 0;
  private readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  get atEnd(): boolean {
    return this.at >= this.bytes.length;
  }
  byte(): number {
    return this.bytes[this.at++];
  }
  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  }
  signed(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return shift < 25 && byte & 64 ? value | (-1 << (shift + 7)) : value;
    }
  }
}

const OPENING = new Map([
  [wasm.BLOCK, 'block'],
  [wasm.LOOP, 'loop'],
  [wasm.IF, 'if'],
]);
const local = (n: number): string => (n < LOCALS ? `$${nameOfLocal(n)}` : String(n));

/** The body of a function, in WebAssembly's text format, line by line; nested blocks are indented. */
export function wasmText(body: Uint8Array): string[] {
  const read = new Reader(body);
  const lines: string[] = [];
  let depth = 0;
  while (!read.atEnd) {
    const opcode = read.byte();
    const opening = OPENING.get(opcode);
    if (opcode === wasm.END || opcode === wasm.ELSE) depth--;
    const text = opening
      ? `${opening}${read.byte() === wasm.I32 ? ' (result i32)' : ''}`
      : opcode === wasm.END
        ? 'end'
        : opcode === wasm.ELSE
          ? 'else'
          : instruction(opcode, read);
    lines.push(`${'  '.repeat(Math.max(0, depth))}${text}`);
    if (opening || opcode === wasm.ELSE) depth++;
  }
  return lines;
}

function instruction(opcode: number, read: Reader): string {
  const memory = MEMORY.get(opcode);
  if (memory !== undefined) {
    read.unsigned();
    return `${memory} offset=${read.unsigned()}`;
  }
  switch (opcode) {
    case wasm.I32_CONST:
      return `i32.const ${read.signed()}`;
    case wasm.LOCAL_GET:
      return `local.get ${local(read.unsigned())}`;
    case wasm.LOCAL_SET:
      return `local.set ${local(read.unsigned())}`;
    case wasm.LOCAL_TEE:
      return `local.tee ${local(read.unsigned())}`;
    case wasm.BR:
      return `br ${read.unsigned()}`;
    case wasm.BR_IF:
      return `br_if ${read.unsigned()}`;
    case wasm.BR_TABLE:
      return `br_table ${Array.from({ length: read.unsigned() + 1 }, () => read.unsigned()).join(' ')}`;
    case wasm.CALL:
      return `call $${FUNCTIONS[read.unsigned()]}`;
    case wasm.RETURN_CALL:
      return `return_call $${FUNCTIONS[read.unsigned()]}`;
  }
  const plain = PLAIN.get(opcode);
  if (plain === undefined) throw new Error(`unknown opcode ${hex(opcode)}`);
  return plain;
}
