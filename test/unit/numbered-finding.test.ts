import { describe, expect, it } from 'vitest';
import { BadInput } from '../../schemas/bad-input.ts';
import { numberedFinding } from '../../schemas/numbered-finding.ts';

/** The finding of a number, which `stack`, `why` and the debuggers take. */

function refusal(findings: readonly string[], number: number, file?: string): string {
  try {
    return `found ${numberedFinding(findings, number, file)}`;
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    return `${error.message}; next: ${error.next}`;
  }
}

describe('a finding by its number', () => {
  it('is counted from 1', () => {
    expect([1, 2].map((n) => numberedFinding(['hijack', 'stale TLB'], n))).toEqual(['hijack', 'stale TLB']);
  });

  it('that there is not says how many there are, and which command lists them', () => {
    expect(refusal(['hijack'], 2, 'a.r386')).toBe(
      'finding 2: the trace has 1 finding; next: rewind386 check a.r386 lists them',
    );
    expect(refusal(['hijack', 'stale TLB'], 0)).toBe(
      'finding 0: the trace has 2 findings; next: rewind386 check FILE lists them',
    );
  });

  it('of a trace without any says what can be asked instead', () => {
    expect(refusal([], 1)).toBe(
      'finding 1: the trace has no finding; next: rewind386 why FILE --value ADDRESS@ICOUNT asks about a value',
    );
  });
});
