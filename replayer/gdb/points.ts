import type { Machine } from '../../recorder/machine/machine.ts';
import type { Watch } from '../../recorder/machine/state/stops.ts';
import { type AddressSpace, MAX_WATCHED } from '../debug/debuggee.ts';
import type { StopConditions } from '../timeline/timeline.ts';

/** Breakpoints and watchpoints that gdb has set, with their conditions. */

interface Point {
  readonly type: number;
  readonly address: number;
  readonly length: number;
  readonly space: AddressSpace;
  /** Conditions in the bytecode of agents: the point stops if one of them is true, or if there are none. */
  readonly conditions: readonly Uint8Array[];
}

/** Maximum number of points; more are a mistake or an attack on memory. */
const MAX_POINTS = 4096;
const HIGHEST = 0xffffffff;

/** The points that gdb has inserted (Z and z): types 0 and 1 stop at code, 2 at writes, 3 at reads, 4 at both. */
export class GdbPoints {
  private readonly points = new Map<string, Point>();

  clear(): void {
    this.points.clear();
  }

  /** False for an invalid point. */
  insert(point: Point): boolean {
    const { type, address, length } = point;
    if (!isType(type) || this.points.size >= MAX_POINTS) return false;
    if (type >= 2 && (length > MAX_WATCHED || address + length - 1 > HIGHEST)) return false;
    this.points.set(keyOf(type, address, length), { ...point, length: Math.max(1, length) });
    return true;
  }

  remove(type: number, address: number, length: number): boolean {
    this.points.delete(keyOf(type, address, length));
    return isType(type);
  }

  /** `isTrue` evaluates a condition. */
  conditions(isTrue: (machine: Machine, code: Uint8Array) => boolean): StopConditions {
    const points = [...this.points.values()];
    const atCode = points.filter(({ type }) => type <= 1);
    const always = new Set(
      atCode.filter(({ conditions }) => conditions.length === 0).map(({ address }) => address),
    );
    const conditional = atCode.filter(({ address }) => !always.has(address));
    return {
      breakpoints: atCode.map(({ address }) => address),
      watches: points.filter(({ type }) => type >= 2).map(watchOf),
      conditions: new Map(
        conditional.map(({ address }) => {
          const own = conditional
            .filter((point) => point.address === address)
            .flatMap(({ conditions }) => conditions);
          return [address, (machine: Machine) => own.some((code) => isTrue(machine, code))] as const;
        }),
      ),
    };
  }
}

const isType = (type: number): boolean => type >= 0 && type <= 4;

const keyOf = (type: number, address: number, length: number): string => `${type},${address},${length}`;

const watchOf = ({ type, address, length, space }: Point): Watch => ({
  space,
  first: address,
  last: address + length - 1,
  writes: type !== 3,
  reads: type !== 2,
});
