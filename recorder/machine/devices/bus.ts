import type { AbsentReads, IoBus } from '../device.ts';
import type { PortRange } from './device-table.ts';

/** The port bus: finds the device that answers at a port. */

/** A device on the bus: a range of ports. `port` is relative to the start of the range. */
export interface PortHandler {
  /** An 8-bit device: the bus splits wider accesses into bytes at consecutive ports. */
  readonly bytes?: boolean;
  in?(port: number, size: 1 | 2 | 4): number;
  out?(port: number, value: number, size: 1 | 2 | 4): void;
  /** As those of the bus. */
  inMany?(port: number, size: 1 | 2 | 4, to: Uint8Array, at: number, most: number): number;
  outMany?(port: number, size: 1 | 2 | 4, from: Uint8Array, at: number, most: number): number;
}

interface Claim {
  readonly first: number;
  readonly handler: PortHandler;
}

/** The 64K I/O ports. An access wider than a byte goes to the device of its first port, as a whole or byte by byte. */
export class PortBus implements IoBus {
  deadlineMoved = false;
  absent: AbsentReads = { port: 0, reads: 0 };
  onAccess: ((port: number) => void) | null = null;
  private readonly claims: (Claim | undefined)[] = [];

  claim([first, last]: PortRange, handler: PortHandler): void {
    for (let port = first; port <= last; port++) this.claims[port] = { first, handler };
  }

  in(port: number, size: 1 | 2 | 4): number {
    const claim = this.claims[port];
    if (claim?.handler.bytes && size > 1) {
      const low = this.in(port, (size >> 1) as 1 | 2);
      return low | (this.in((port + (size >> 1)) & 0xffff, (size >> 1) as 1 | 2) << (size * 4));
    }
    if (!claim) this.nothingAt(port);
    this.onAccess?.(port);
    const value = claim?.handler.in?.(port - claim.first, size) ?? -1;
    return size === 4 ? value | 0 : value & (size === 2 ? 0xffff : 0xff);
  }

  inMany(port: number, size: 1 | 2 | 4, to: Uint8Array, at: number, most: number): number {
    const claim = this.claims[port];
    return claim?.handler.inMany?.(port - claim.first, size, to, at, most) ?? 0;
  }

  outMany(port: number, size: 1 | 2 | 4, from: Uint8Array, at: number, most: number): number {
    const claim = this.claims[port];
    return claim?.handler.outMany?.(port - claim.first, size, from, at, most) ?? 0;
  }

  /** Counts a read of a port without a device. */
  nothingAt(port: number): void {
    const { absent } = this;
    this.absent = { port, reads: absent.port === port ? absent.reads + 1 : 1 };
  }

  out(port: number, size: 1 | 2 | 4, value: number): void {
    const claim = this.claims[port];
    if (claim?.handler.bytes && size > 1) {
      this.out(port, (size >> 1) as 1 | 2, value);
      this.out((port + (size >> 1)) & 0xffff, (size >> 1) as 1 | 2, value >>> (size * 4));
      return;
    }
    this.onAccess?.(port);
    claim?.handler.out?.(port - claim.first, size === 4 ? value : value & (size === 2 ? 0xffff : 0xff), size);
  }
}
