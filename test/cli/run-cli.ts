import { vi } from 'vitest';
import { main } from '../../analysis/cli/main.ts';

export interface CliResult {
  readonly status: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** Both, in the order in which a terminal shows them. */
  readonly shown: readonly string[];
}

/** Runs one command line in this process, as bin/rewind386.js does, and keeps what it prints. */
export async function runCli(...argv: readonly string[]): Promise<CliResult> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const shown: string[] = [];
  const keep =
    (stream: string[]) =>
    (...words: unknown[]) => {
      stream.push(...lines(words));
      shown.push(...lines(words));
    };
  const log = vi.spyOn(console, 'log').mockImplementation(keep(stdout));
  const error = vi.spyOn(console, 'error').mockImplementation(keep(stderr));
  const before = process.exitCode;
  process.exitCode = undefined;
  try {
    return { status: await main(argv), stdout, stderr, shown };
  } finally {
    process.exitCode = before;
    log.mockRestore();
    error.mockRestore();
  }
}

const lines = (words: readonly unknown[]): string[] => words.join(' ').split('\n');
