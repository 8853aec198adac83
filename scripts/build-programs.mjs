// Joins the modules of the command line and of its workers into a few files, in place, because Node takes longer to load hundreds of
// modules than many commands run. The other modules of dist/ stay as the compiler wrote them, and packages in node_modules.
import { readdirSync, rmSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { build } from 'rolldown';

const root = join(import.meta.dirname, '..');
const out = join(root, 'dist');
const SHARED = 'shared-code';
const slashes = (path) => path.replaceAll('\\', '/');

/** Entry points by their path in dist/: what bin/ imports, and what threads and child processes begin with. */
const entries = Object.fromEntries(
  ['analysis', 'recorder']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name)),
    )
    .filter((path) => /(?:[\\/]cli[\\/]main|-worker)\.ts$/.test(path))
    .map((path) => [slashes(path).replace(/\.ts$/, ''), join(root, path)]),
);

/** For the source map: no line has moved. */
const edited = (code) => ({ code, map: null });

/** A module finds files by its own URL: that of its place in dist/, wherever its code went. */
const ownUrls = {
  name: 'own-urls',
  transform: {
    filter: { id: /\.ts$/, code: /import\.meta\.url/ },
    handler(code, id) {
      const place = slashes(relative(root, id)).replace(/\.ts$/, '.js');
      return edited(code.replaceAll('import.meta.url', `new URL('dist:${place}', import.meta.url).href`));
    },
  },
  renderChunk(code, { fileName }) {
    if (!code.includes('dist:')) return;
    return edited(
      code.replaceAll(/(?<=["'`])dist:([\w./-]+)/g, (_, path) => {
        const there = slashes(relative(dirname(fileName), path));
        return there.startsWith('.') ? there : `./${there}`;
      }),
    );
  },
};

const { output } = await build({
  input: entries,
  platform: 'node',
  // Packages; an absolute path may begin with a letter.
  external: (id) => !id.startsWith('.') && !isAbsolute(id),
  plugins: [ownUrls],
  output: {
    dir: out,
    sourcemap: true,
    sourcemapExcludeSources: true,
    chunkFileNames: `${SHARED}/[name]-[hash].js`,
  },
});

// Names contain hashes: files of an earlier build would stay.
const written = new Set(output.map(({ fileName }) => slashes(fileName)));
for (const file of readdirSync(join(out, SHARED)))
  if (!written.has(`${SHARED}/${file}`)) rmSync(join(out, SHARED, file));
