import { vi } from 'vitest';
import { main } from '../../analysis/cli/main.ts';

export interface CliResult {
  readonly status: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

/** Runs one command line in this process, as bin/rewind386.js does, and keeps what it prints. */
export async function runCli(...argv: readonly string[]): Promise<CliResult> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...words) => void stdout.push(...lines(words)));
  const error = vi
    .spyOn(console, 'error')
    .mockImplementation((...words) => void stderr.push(...lines(words)));
  const before = process.exitCode;
  process.exitCode = undefined;
  try {
    return { status: await main(argv), stdout, stderr };
  } finally {
    process.exitCode = before;
    log.mockRestore();
    error.mockRestore();
  }
}

const lines = (words: readonly unknown[]): string[] => words.join(' ').split('\n');
