import '../../../host/install.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { TraceDamage } from '../../../schemas/trace/framing.ts';
import { differenceOf } from '../../server/differences.ts';
import { pack } from '../../web/packed.ts';
import { givenNames } from '../options/guest-names.ts';
import { runPage } from './run-page.ts';
import type { PageAsked, WorkAsked, WorkReply } from './serve-process.ts';

/** A worker process of a server (serve-process.ts): takes one request by message, sends an answer, and ends with its parent. */

async function page({ file, limits, symbols, profile, replay, disk }: PageAsked): Promise<string> {
  const names = givenNames({ symbols, profile });
  const data = await runPage(file, { limits, names, executes: replay ? { disks: disk } : undefined });
  return JSON.stringify(pack(data));
}

process.once('message', async (asked: WorkAsked) => {
  const reply = (answer: WorkReply) => process.send?.(answer, () => process.exit());
  try {
    reply({ done: asked.kind === 'page' ? await page(asked) : differenceOf(...asked.files) });
  } catch (error) {
    const { message, next } = error as BadInput;
    const isInput = error instanceof BadInput || error instanceof TraceDamage;
    reply(isInput ? { wrong: message, next } : { failed: message });
  }
});
process.on('disconnect', () => process.exit());
