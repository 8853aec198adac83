import { MICRO_OPS } from '../blocks/micro-op-table.ts';
import { BLOCK_EIP, CPL, LEFT } from '../state.ts';
import { caseText } from './javascript.ts';

/** Generates interpreter.ts from the table of micro-ops. */

const indent = (text: string, by: string): string =>
  text
    .trim()
    .split('\n')
    .map((line) => by + line)
    .join('\n');

/** The text of interpreter.ts. A test holds the file to it; `npx vitest run test/isa -u` writes it anew. */
export function interpreterSource(): string {
  const cases = MICRO_OPS.map(
    (microOp, number) =>
      `        case ${number}: { // ${microOp.name}\n${indent(caseText(microOp), '          ')}\n        }`,
  );
  return `// biome-ignore-all format: generated
// biome-ignore-all lint: generated
// Generated from ../blocks/micro-op-table.ts by generate.ts. Do not edit.
import type { BlockRunner } from '../blocks/block-runner.ts';

/** Runs blocks from a micro-op until one cannot go on; EIP and icount are then up to date. */
export type Interpret = (start: number) => void;

/**
 * The hot loop: one switch over micro-ops. Slower paths are in \`run\`. It is a closure, not a method, so that V8 treats
 * the views, their addresses and their lengths as constants. \`counts\`: entries of blocks are counted, for a compiler of
 * hot blocks; V8 drops the code for it where there is none.
 */
export function createInterpreter(run: BlockRunner, counts: boolean): Interpret {
  const { i32, u8, view, code, flags, adjust, adjustLeft } = run;
  return function interpret(start: number): void {
    const canRead = i32[${CPL}] === 3 ? 4 : 1;
    const canWrite = i32[${CPL}] === 3 ? 8 : 2;
    let p = start | 0;
    let left = i32[${LEFT}];
    let base = i32[${BLOCK_EIP}];
    for (;;) {
      switch (code[p]) {
${cases.join('\n')}
        default:
          return;
      }
    }
  };
}
`;
}
