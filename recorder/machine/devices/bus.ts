import type { IoBus } from '../device.ts';

/** What a device puts on the bus: a range of ports. `port` is relative to the start of the range. */
export interface PortHandler {
  in?(port: number, size: 1 | 2 | 4): number;
  out?(port: number, value: number, size: 1 | 2 | 4): void;
}

interface Claim {
  readonly first: number;
  readonly handler: PortHandler;
}

/** The 64K I/O ports. An access wider than a byte goes to the device of its first port, which sees the size. */
export class PortBus implements IoBus {
  deadlineMoved = false;
  private readonly claims: (Claim | undefined)[] = [];

  claim(first: number, count: number, handler: PortHandler): void {
    for (let port = first; port < first + count; port++) this.claims[port] = { first, handler };
  }

  in(port: number, size: 1 | 2 | 4): number {
    const claim = this.claims[port];
    const value = claim?.handler.in?.(port - claim.first, size) ?? -1;
    return size === 4 ? value | 0 : value & (size === 2 ? 0xffff : 0xff);
  }

  out(port: number, size: 1 | 2 | 4, value: number): void {
    const claim = this.claims[port];
    claim?.handler.out?.(port - claim.first, size === 4 ? value : value & (size === 2 ? 0xffff : 0xff), size);
  }
}
