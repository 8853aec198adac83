import { BadInput } from '../../../schemas/bad-input.ts';
import { DEFAULT_LIMITS, type QueryLimits } from '../../db/limits.ts';
import { bytes } from '../terminal/format.ts';

/** Options that limit a query, for every command that runs SQL. */
export const LIMIT_OPTIONS = {
  timeout: {
    type: 'number',
    requiresArg: true,
    describe: `time limit of one query, in seconds (default: ${DEFAULT_LIMITS.seconds})`,
  },
  memory: {
    type: 'string',
    requiresArg: true,
    describe: 'memory limit of one query, for example 8G (default: half of the RAM, at most 4G)',
  },
  'max-rows': {
    type: 'number',
    requiresArg: true,
    describe: `row limit of one answer (default: ${DEFAULT_LIMITS.rows})`,
  },
} as const;

interface LimitArguments {
  readonly timeout?: number | undefined;
  readonly memory?: string | undefined;
  readonly maxRows?: number | undefined;
}

export function queryLimits({ timeout, memory, maxRows }: LimitArguments): QueryLimits {
  if (timeout !== undefined && !(timeout > 0))
    throw new BadInput(`--timeout ${timeout}: not a time`, 'write seconds, for example 600');
  if (maxRows !== undefined && !(Number.isSafeInteger(maxRows) && maxRows > 0))
    throw new BadInput(
      `--max-rows ${maxRows}: not a number of rows`,
      'write a whole number, for example 5000000',
    );
  return {
    seconds: timeout ?? DEFAULT_LIMITS.seconds,
    memoryBytes: memory === undefined ? DEFAULT_LIMITS.memoryBytes : parseMemory(memory),
    rows: maxRows ?? DEFAULT_LIMITS.rows,
  };
}

const LEAST_MEMORY = 64 << 20;

function parseMemory(text: string): number {
  const [, digits, unit] = /^(\d+)([MG])B?$/i.exec(text) ?? [];
  const size = Number(digits) * (unit?.toUpperCase() === 'G' ? 2 ** 30 : 2 ** 20);
  if (size >= LEAST_MEMORY) return size;
  throw new BadInput(
    `--memory ${text}: not a memory size`,
    `write M or G after a number, at least ${bytes(LEAST_MEMORY)}, for example 512M or 8G`,
  );
}
