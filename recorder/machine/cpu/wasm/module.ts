import { I32 } from './assembler.ts';
import { Bytes } from './bytes.ts';

/** The type of a region's function, the first that every module has. */
export const REGION_TYPE = 0;

/** A function type of i32 alone: how many it takes and returns. */
export interface FunctionType {
  readonly parameters: number;
  readonly results: number;
}

export type Import = { readonly name: string } & (
  | { readonly kind: 'function'; readonly type: number }
  | { readonly kind: 'memory'; readonly pages: number }
  | { readonly kind: 'table'; readonly size: number }
);

export interface FunctionBody {
  readonly type: number;
  /** Locals of type i32 besides parameters. */
  readonly locals: number;
  readonly code: Bytes;
}

export interface ModuleParts {
  readonly types: readonly FunctionType[];
  /** All from module `m`. */
  readonly imports: readonly Import[];
  readonly functions: readonly FunctionBody[];
  /** Of a function, counted from the imported ones on. */
  readonly exports: readonly { readonly name: string; readonly func: number }[];
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const FUNCTION_TYPE = 0x60;
const FUNCREF = 0x70;
const END = 0x0b;
const TYPES = 1;
const IMPORTS = 2;
const FUNCTIONS = 3;
const EXPORTS = 7;
const CODE = 10;

/** A module in WebAssembly's binary format (Core Specification, 5.5). */
export function encodeModule({ types, imports, functions, exports }: ModuleParts): Uint8Array<ArrayBuffer> {
  const out = new Bytes(1 << 12);
  for (const byte of MAGIC) out.byte(byte);
  section(out, TYPES, types, (to, { parameters, results }) => {
    to.byte(FUNCTION_TYPE);
    for (const count of [parameters, results]) {
      to.unsigned(count);
      for (let n = 0; n < count; n++) to.byte(I32);
    }
  });
  section(out, IMPORTS, imports, writeImport);
  section(out, FUNCTIONS, functions, (to, { type }) => to.unsigned(type));
  section(out, EXPORTS, exports, (to, { name, func }) => {
    to.text(name);
    to.byte(0);
    to.unsigned(func);
  });
  section(out, CODE, functions, (to, { locals, code }) => {
    const body = new Bytes(code.length + 16);
    body.unsigned(locals > 0 ? 1 : 0);
    if (locals > 0) {
      body.unsigned(locals);
      body.byte(I32);
    }
    body.append(code);
    body.byte(END);
    to.unsigned(body.length);
    to.append(body);
  });
  return out.view().slice();
}

function section<T>(out: Bytes, id: number, items: readonly T[], write: (to: Bytes, item: T) => void): void {
  const contents = new Bytes(1 << 10);
  contents.unsigned(items.length);
  for (const item of items) write(contents, item);
  out.byte(id);
  out.unsigned(contents.length);
  out.append(contents);
}

function writeImport(to: Bytes, item: Import): void {
  to.text('m');
  to.text(item.name);
  switch (item.kind) {
    case 'function':
      to.byte(0);
      to.unsigned(item.type);
      break;
    case 'table':
      to.byte(1);
      to.byte(FUNCREF);
      to.byte(0);
      to.unsigned(item.size);
      break;
    case 'memory':
      to.byte(2);
      to.byte(1);
      to.unsigned(item.pages);
      to.unsigned(item.pages);
  }
}
