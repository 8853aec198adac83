import type { Argv } from 'yargs';
import { cacheUse, clearCache } from '../../db/cache-folder.ts';
import { bytes, plural } from '../terminal/format.ts';
import { print } from '../terminal/output.ts';

/** `rewind386 cache`: shows the cache, and clears it with --clear. */
export const addCache = (cli: Argv): Argv =>
  cli.command('cache', 'show or clear the cache of tables and indexes', options, ({ clear }) => {
    const { folder, traces, bytes: size } = clear ? clearCache() : cacheUse();
    const kept = `${plural(traces, 'trace')}, ${bytes(size)}`;
    print(clear ? `${folder}: removed ${kept}` : `${folder}: ${kept}`);
    if (!clear && traces > 0) print('next: rewind386 cache --clear');
  });

const options = (yargs: Argv) =>
  yargs
    .options({
      clear: { type: 'boolean', default: false, describe: 'remove everything; it is rebuilt when needed' },
    })
    .example('$0 cache', 'folder, number of traces and size')
    .epilogue('$XDG_CACHE_HOME chooses the folder.');
