import { Handles } from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Debuggee } from '../debug/debuggee.ts';
import type { GuestCode } from '../debug/guest-code.ts';
import { Frame } from './frame.ts';
import { followPath } from './paths.ts';
import { type Data, type Named, Values } from './values.ts';

/** Variables of a frame as trees that an editor opens level by level. */

/** An expandable item in the editor: the variables of a frame, or the parts of one of them. */
type Container = { readonly frame: Frame } | { readonly data: Data; readonly path: string };

const hex = (address: number): string => `0x${(address >>> 0).toString(16)}`;

/** Variables by the guest's DWARF, valid until the machine moves. */
export class Locals {
  private readonly debuggee: Debuggee;
  private readonly code: GuestCode;
  private readonly values: Values;
  private readonly handles = new Handles<Container>();
  private frames: readonly Frame[] | undefined;

  constructor(debuggee: Debuggee, code: GuestCode) {
    this.debuggee = debuggee;
    this.code = code;
    this.values = new Values({
      read: (address, bytes) => {
        const found = debuggee.readMemory('linear', address, bytes);
        return found.length === bytes ? found : undefined;
      },
      symbol: (address) => code.within(address),
    });
  }

  /** Invalidates everything after the machine or its memory changed. */
  forget(): void {
    this.frames = undefined;
    this.handles.reset();
  }

  /** Starts the cost budget of one request. */
  begin(): void {
    this.code.info.begin();
  }

  /** Reference of the variables of frame `id`; 0 if nothing is known about its code. */
  scope(id: number): number {
    const frame = this.stack[id];
    return frame?.scope ? this.handles.create({ frame }) : 0;
  }

  /** The variables of a reference; undefined if it is not one of these. */
  open(reference: number): DebugProtocol.Variable[] | undefined {
    return this.parts(reference)?.map(({ path, ...named }) => this.shown(named, path));
  }

  /** One of the variables of a reference. */
  find(reference: number, name: string): Data | undefined {
    return this.parts(reference)?.find((part) => part.name === name)?.data;
  }

  private parts(reference: number): (Named & { readonly path: string })[] | undefined {
    // The type of `get` does not include undefined.
    const container = this.handles.get(reference) as Container | undefined;
    if (!container) return undefined;
    if ('frame' in container) {
      const { frame } = container;
      const all = frame.scope?.variables ?? [];
      return all.map(({ name, die }) => ({ name, data: frame.dataOf(die), path: name }));
    }
    const { data, path } = container;
    return this.values.children(data).map((child) => ({ ...child, path: childPath(data, path, child.name) }));
  }

  /** A variable, or a path from one, in frame `id`; undefined if there is none. */
  evaluate(expression: string, id: number): DebugProtocol.EvaluateResponse['body'] | undefined {
    const frame = this.stack[id];
    const data = frame && followPath(expression, this.values, (name) => frame.variable(name));
    if (!data) return undefined;
    const { value, type, variablesReference, memoryReference } = this.shown({ name: '', data }, expression);
    return {
      result: value,
      variablesReference,
      ...(type ? { type } : {}),
      ...(memoryReference ? { memoryReference } : {}),
    };
  }

  /** The frames of the stack, innermost first. */
  get stack(): readonly Frame[] {
    this.frames ??= Frame.all(this.debuggee, this.code);
    return this.frames;
  }

  private shown({ name, data }: Named, path: string): DebugProtocol.Variable {
    const isOpen = this.values.children(data).length > 0;
    const at = data.address ?? (data.type.kind === 'pointer' ? this.values.number(data) : undefined);
    return {
      name,
      value: this.values.text(data),
      type: data.type.name,
      variablesReference: isOpen ? this.handles.create({ data, path }) : 0,
      evaluateName: path,
      ...(at === undefined ? {} : { memoryReference: hex(at) }),
    };
  }
}

function childPath({ type }: Data, path: string, child: string): string {
  if (child === '*') return `${path}[0]`;
  if (child.startsWith('[')) return `${path}${child}`;
  return `${path}${type.kind === 'pointer' ? '->' : '.'}${child}`;
}
