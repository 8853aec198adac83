import '../../../host/install.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { givenNames } from '../options/guest-names.ts';
import type { PageAsked, PageReply } from './page-process.ts';
import { runPage } from './run-page.ts';

/** A process that makes the facts of one page for another (page-process.ts): a request by message, an answer back; it ends with the other. */

process.once('message', async ({ file, limits, symbols, profile, replay, disk }: PageAsked) => {
  const reply = (answer: PageReply) => process.send?.(answer, () => process.exit());
  try {
    const names = givenNames({ symbols, profile });
    reply({ page: await runPage(file, { limits, names, executes: replay ? { disks: disk } : undefined }) });
  } catch (error) {
    const { message, next } = error as BadInput;
    reply(error instanceof BadInput ? { wrong: message, next } : { failed: message });
  }
});
process.on('disconnect', () => process.exit());
