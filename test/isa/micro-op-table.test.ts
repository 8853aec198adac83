import { describe, expect, it } from 'vitest';
import { factsOf } from '../../recorder/machine/cpu/blocks/facts.ts';
import { MICRO_OPS } from '../../recorder/machine/cpu/blocks/micro-op-table.ts';
import {
  FIRST_END,
  LINKED_BY_A,
  LINKED_BY_B,
  MICRO,
  microOp,
} from '../../recorder/machine/cpu/blocks/micro-ops.ts';
import { FLAG_A, FLAG_B, FLAG_KIND, FLAG_RESULT } from '../../recorder/machine/cpu/state.ts';

const FLAG_WORDS = new Set([FLAG_KIND, FLAG_RESULT, FLAG_A, FLAG_B]);
const facts = new Map(MICRO_OPS.map((op) => [op.name as string, factsOf(op, FLAG_WORDS)]));
const those = (which: (name: string) => boolean) => [...facts.keys()].filter(which).sort();

describe('the table of micro-ops', () => {
  it('names each one once, and has those that end a block last', () => {
    expect(facts.size).toBe(MICRO_OPS.length);
    const ends = MICRO_OPS.map(({ name }) => facts.get(name)!.ends);
    expect(ends.indexOf(true)).toBe(FIRST_END);
    expect(ends.lastIndexOf(false)).toBe(FIRST_END - 1);
    expect(microOp('ADC16_I')).toBe(MICRO.ADC16_I);
    expect(microOp('ADC64')).toBeUndefined();
  });

  it('has none that changes something before it may fault', () => {
    expect(those((name) => facts.get(name)!.changesBeforeFault)).toEqual([]);
  });

  it('is privileged where the manual says so', () => {
    expect(those((name) => facts.get(name)!.privileged)).toEqual(['INVLPG', 'LOAD_CR3', 'MOV_CR']);
  });

  it('knows which may fault: those that reach memory, a segment, a limit, a handler or a privilege', () => {
    const mayFault =
      /^(LOAD|MODIFY|STORE|PUSH|POP$|LEAVE$|CALL$|CALL_R$|RET$|SEGMENTED|CHECK_EIP|COLD|INVLPG|MOV_CR|RDTSC|J(MP|CC)_NEAR|LOOP|JCXZ)/;
    expect(those((name) => facts.get(name)!.mayFault)).toEqual(those((name) => mayFault.test(name)));
  });

  it('knows who reads the flags and who changes them', () => {
    const reads = /^(ADC|SBB|INC|DEC|CMOV|SETCC|JCC|LOOPN?E)/;
    const changes =
      /^(ADD|ADC|SUB|SBB|CMP|AND|OR|XOR|TEST|INC|DEC|NEG|IMUL|SHL|SHR|SAR|ROL|ROR|COLD)(?!L?ED)/;
    expect(those((name) => facts.get(name)!.readsFlags)).toEqual(those((name) => reads.test(name)));
    expect(those((name) => facts.get(name)!.changesFlags)).toEqual(those((name) => changes.test(name)));
  });

  it('keeps links where transfers look for them', () => {
    const linked = (set: ReadonlySet<number>) => those((name) => set.has(microOp(name)!));
    const both = those((name) => /^(JCC|JMP_NEAR|LOOP|JCXZ)/.test(name));
    expect(linked(LINKED_BY_B)).toEqual(both);
    expect(linked(LINKED_BY_A)).toEqual([...both, 'JMP', 'CALL', 'INVLPG', 'LOAD_CR3'].sort());
  });
});
