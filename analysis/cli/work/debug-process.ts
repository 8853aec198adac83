import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BadInput } from '../../../schemas/bad-input.ts';

/** Runs `rewind386 debug` in its own process, so that a server stays responsive while it replays. */

const root = import.meta.url.endsWith('.ts') ? '../../../' : '../../../../';
const bin = fileURLToPath(new URL(`${root}bin/rewind386.js`, import.meta.url));

export interface DebugProcess {
  /** The gdb command that connects to it. */
  readonly command: string;
  readonly ended: Promise<void>;
  end(): void;
}

/** Resolves once the gdb server listens at that icount; throws BadInput with the error of `debug`. */
export async function debugProcess(
  file: string,
  icount: number,
  { more = [], signal }: { readonly more?: readonly string[]; readonly signal?: AbortSignal } = {},
): Promise<DebugProcess> {
  const child = spawn(process.execPath, [bin, 'debug', file, '--at', String(icount), ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = () => void child.kill('SIGTERM');
  signal?.addEventListener('abort', end);
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  let said = '';
  let wrong = '';
  child.stderr.on('data', (text: Buffer) => {
    wrong = (wrong + text).slice(-10_000);
  });
  const command = new Promise<string>((resolve) =>
    child.stdout.on('data', (text: Buffer) => {
      said = (said + text).slice(-10_000);
      const found = /^next: (gdb .*)$/m.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    }),
  );
  const failed = ended.then((): never => {
    const [line = 'it ended'] = /^rewind386: (.*)$/m.exec(wrong)?.slice(1) ?? [];
    throw new BadInput(`debug: ${line}`, /^next: (.*)$/m.exec(wrong)?.[1]);
  });
  try {
    return { command: await Promise.race([command, failed]), ended, end };
  } finally {
    signal?.removeEventListener('abort', end);
  }
}
