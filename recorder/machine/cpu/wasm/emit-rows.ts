import type { EventKind } from '../../../../schemas/events.ts';
import { type ColumnPlace, countOf, type RowBuffers, SEQ } from '../../events/row-buffers.ts';
import { CPL, CR3, DEPTH, ESP, FRAME_ID, RUN_END } from '../state.ts';
import * as wasm from './assembler.ts';
import { TlbEmitter } from './emit-tlb.ts';
import type { Value } from './values.ts';

/** Rows of events in WebAssembly, in the buffers of events/row-buffers.ts. */

/** Words of CPU_STATE that are columns. */
const CONTEXT_WORDS: Readonly<Record<string, number>> = {
  cpl: CPL,
  depth: DEPTH,
  frame_id: FRAME_ID,
  cr3: CR3,
  esp: ESP,
};

export abstract class RowEmitter extends TlbEmitter {
  /** The function (eip, left) that flushes the log. */
  protected abstract readonly flush: number;

  /** Adds a row of `kind` with these values of its own columns, and flushes the log if the buffer is full then. */
  protected row(buffers: RowBuffers, kind: EventKind, own: Readonly<Record<string, Value>>): void {
    const { asm, get } = this;
    const { eip, left } = this.parameters;
    const count = countOf(kind) * 4;
    this.set('row', this.load(count, 0));
    this.set('rowAt', this.shl(get('row'), 2));
    const values = buffers.hasEsp ? own : { ...own, esp: 0 };
    for (const column of buffers.columns[kind]) this.column(column, values);
    this.store(SEQ * 4, 0, this.add(this.load(SEQ * 4, 0), 1));
    this.set('row', this.add(get('row'), 1));
    this.store(count, 0, get('row'));
    this.when(this.equal(get('row'), buffers.rows), () => {
      for (const parameter of [eip, left]) asm.get(parameter);
      asm.call(this.flush);
      asm.op(wasm.DROP);
    });
  }

  private column({ name, type, at }: ColumnPlace, own: Readonly<Record<string, Value>>): void {
    const { get } = this;
    if (type === 'icount') this.icount(at);
    else if (type === 'small') this.storeByte(at, get('row'), own[name] ?? this.context(name));
    else this.store(at, get('rowAt'), own[name] ?? this.context(name));
  }

  private context(name: string): Value {
    if (name === 'seq') return this.load(SEQ * 4, 0);
    if (name === 'eip') return this.parameter(this.parameters.eip);
    if (!(name in CONTEXT_WORDS)) throw new Error(`no value for column ${name}`);
    return this.load(CONTEXT_WORDS[name] * 4, 0);
  }

  /** RUN_END less the instructions left. */
  private icount(at: number): void {
    const { asm } = this;
    this.push(this.shl(this.get('row'), 3));
    asm.constant(0);
    asm.memory(wasm.F64_LOAD, RUN_END * 8, 3);
    asm.get(this.parameters.left);
    asm.op(wasm.F64_CONVERT_I32_S, wasm.F64_SUB);
    asm.memory(wasm.F64_STORE, at, 3);
  }
}
