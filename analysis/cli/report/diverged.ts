import { type DivergenceFacts, DivergenceFound, damageFacts } from '../../../replayer/trace/divergence.ts';
import { TraceDamage } from '../../../schemas/trace/framing.ts';
import { grouped, shellWord } from '../terminal/format.ts';
import { complain } from '../terminal/output.ts';
import { EXIT } from './exit-status.ts';

/**
 * Runs a command that executes `file`. On a divergence or damage in the file, it reports the place and the next command, and returns the
 * exit status of a divergence.
 */
export async function tellDivergence(file: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const facts = factsOf(error);
    if (!facts) throw error;
    complain(`${file}: DIVERGENCE at icount ${grouped(facts.icount)} in ${facts.subsystem}`);
    complain(`  recorded: ${facts.expected}`);
    complain(`  replayed: ${facts.actual}`);
    complain(`next: rewind386 replay ${shellWord(file)}`);
    process.exitCode = EXIT.divergence;
  }
}

function factsOf(error: unknown): DivergenceFacts | undefined {
  if (error instanceof DivergenceFound) return error.facts;
  return error instanceof TraceDamage ? damageFacts(error) : undefined;
}
