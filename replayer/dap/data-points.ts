import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Watch } from '../../recorder/machine/state/stops.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { MAX_WATCHED } from '../debug/debuggee.ts';
import { hex } from '../debug/guest-code.ts';
import type { Data } from './values.ts';

/**
 * Data breakpoints. An editor asks for an id of the data to watch; the id encodes the location, and the editor sends it back to set the
 * breakpoint.
 */

type Offer = DebugProtocol.DataBreakpointInfoResponse['body'];

const ACCESS: DebugProtocol.DataBreakpointAccessType[] = ['read', 'write', 'readWrite'];

const idOf = (space: string, address: number, bytes: number): string => `${space} ${hex(address)} ${bytes}`;

export const memoryPoint = (space: string, address: number, bytes: number): Offer => ({
  dataId: idOf(space, address, bytes),
  description: `${bytes} bytes at ${space} ${hex(address)}`,
  accessTypes: ACCESS,
});

/** A variable in memory can be watched as a whole; a variable in a register cannot. */
export function variablePoint(name: string, { address, type: { bytes } }: Data): Offer {
  if (address === undefined || bytes === 0) return { dataId: null, description: `${name} is not in memory` };
  return {
    dataId: idOf('linear', address, bytes),
    description: `${name}: ${bytes} bytes at linear ${hex(address)}`,
    accessTypes: ACCESS,
  };
}

/** The memory of an id. Throws BadInput for an id that was not offered. */
export function watchOf(dataId: string, access: DebugProtocol.DataBreakpointAccessType): Watch {
  const [, space, address, bytes] = /^(linear|physical) (0x[0-9a-f]{8}) (\d{1,7})$/.exec(dataId) ?? [];
  const first = Number(address);
  const last = first + Number(bytes) - 1;
  if (!(last >= first && last <= 0xffffffff && last - first < MAX_WATCHED))
    throw new BadInput(`${dataId}: no data to watch; ask with dataBreakpointInfo`);
  return {
    space: space === 'physical' ? 'physical' : 'linear',
    first,
    last,
    reads: access !== 'write',
    writes: access !== 'read',
  };
}
