import type { Watch } from '../../recorder/machine/stops.ts';
import type { StopConditions } from '../timeline/timeline.ts';
import type { AddressSpace } from './debuggee.ts';

interface Point {
  readonly type: number;
  readonly address: number;
  readonly length: number;
  readonly space: AddressSpace;
}

/** More than these are a mistake, or an attack on the machine's memory. */
const MAX_POINTS = 4096;
/** Bytes that one watchpoint may cover: each of its pages loses the fast path. */
export const MAX_WATCHED = 1 << 20;
const HIGHEST = 0xffffffff;

/** The points that gdb has inserted (Z and z): types 0 and 1 stop at code, 2 at writes, 3 at reads, 4 at both. */
export class GdbPoints {
  private readonly points = new Map<string, Point>();

  clear(): void {
    this.points.clear();
  }

  /** False for a point that there cannot be. */
  insert({ type, address, length, space }: Point): boolean {
    if (!isType(type) || this.points.size >= MAX_POINTS) return false;
    if (type >= 2 && (length > MAX_WATCHED || address + length - 1 > HIGHEST)) return false;
    this.points.set(keyOf(type, address, length), { type, address, length: Math.max(1, length), space });
    return true;
  }

  remove(type: number, address: number, length: number): boolean {
    this.points.delete(keyOf(type, address, length));
    return isType(type);
  }

  conditions(): StopConditions {
    const points = [...this.points.values()];
    return {
      breakpoints: points.filter(({ type }) => type <= 1).map(({ address }) => address),
      watches: points.filter(({ type }) => type >= 2).map(watchOf),
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
