import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LAYERS_PART } from '../../analysis/docs/architecture-document.ts';
import { LAYERS, type Layer } from '../../analysis/docs/layers.ts';
import { withPart } from '../../analysis/docs/made-part.ts';

/**
 * Keeps the house in order: folders import what they may, no file reaches itself, each module says what it is for, comments are
 * written as the project writes them and name no file that is not there.
 */

const root = resolve(import.meta.dirname, '../..');
const text = (path: string) => readFileSync(join(root, path), 'utf8');

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = join(folder, name);
    if (['node_modules', 'dist', '.git'].includes(name)) return [];
    return statSync(join(root, path)).isDirectory() ? filesBelow(path) : [path];
  });
}

const sources = ['schemas', 'host', 'recorder/machine', 'recorder/capture', 'replayer', 'analysis', 'editors']
  .flatMap(filesBelow)
  .filter((path) => path.endsWith('.ts'));

interface Import {
  readonly target: string;
  /** Gone once compiled. */
  readonly typeOnly: boolean;
}

const STATIC = /^(?:import|export)\s+(type\s+)?([^;'"]*?)from\s+'(\.[^']+)'/gm;
const DYNAMIC = /import\(\s*'(\.[^']+)'/g;

function imports(path: string): Import[] {
  const code = text(path);
  const from = (target: string) => relative(root, resolve(root, dirname(path), target));
  const named = (names: string) => names.replace(/[{}\s]+/g, ' ').split(',');
  const types = (names: string) => named(names).every((name) => /^\s*(type\s.*)?$/.test(name));
  return [
    ...[...code.matchAll(STATIC)].map(([, type, names, target]) => ({
      target: from(target),
      typeOnly: type !== undefined || (names.trim().startsWith('{') && types(names)),
    })),
    ...[...code.matchAll(DYNAMIC)].map(([, target]) => ({ target: from(target), typeOnly: false })),
  ];
}

/** Functions of over 70 lines, each with its reason. It may only get shorter. */
const LONG_FUNCTIONS: Readonly<Record<string, string>> = {
  'recorder/machine/cpu/blocks/block-runner.ts':
    'createBlockRunner: the ways out of the hot loop are closures over the same views, which V8 takes for constants',
  'recorder/machine/mmu/short-path.ts':
    'createShortPath: what a slow access does is one closure over the same views, which V8 takes for constants',
};

const below = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);

/** The layer that a file belongs to: that of the longest folder. */
const layerOf = (path: string): Layer | undefined =>
  LAYERS.filter(({ folder }) => below(path, folder)).sort((a, b) => b.folder.length - a.folder.length)[0];

function mayImport(layer: Layer, target: string): boolean {
  if (layerOf(target) === layer) return true;
  const rules = layer.imports.filter((rule) => below(target, rule.replace('!', '')));
  const closest = rules.sort((a, b) => b.replace('!', '').length - a.replace('!', '').length)[0];
  return closest !== undefined && !closest.startsWith('!');
}

describe('the layers', () => {
  it.each(LAYERS.map((layer) => [layer.folder, layer] as const))(
    '%s imports what it may',
    (folder, layer) => {
      const own = sources.filter((path) => layerOf(path) === layer);
      expect(own.length, `${folder} is empty`).toBeGreaterThan(0);
      const broken = own.flatMap((path) =>
        imports(path)
          .filter(({ target }) => !mayImport(layer, target))
          .map(({ target }) => `${path} imports ${target}`),
      );
      expect(broken).toEqual([]);
    },
  );

  it('hold every source file', () => {
    expect(sources.filter((path) => !layerOf(path))).toEqual([]);
  });

  it('stand in ARCHITECTURE.md as they are (npm run docs)', () => {
    const page = text('docs/ARCHITECTURE.md');
    expect(withPart(page, LAYERS_PART)).toBe(page);
  });

  it('have commands that do not import each other', () => {
    const commands = sources.filter((path) => below(path, 'analysis/cli/commands'));
    const broken = commands.flatMap((path) =>
      imports(path).filter(({ target }) => below(target, 'analysis/cli/commands')),
    );
    expect(broken).toEqual([]);
  });
});

it('no file imports itself by others at run time', () => {
  const graph = new Map(
    sources.map((path) => [
      path,
      imports(path)
        .filter(({ typeOnly }) => !typeOnly)
        .map(({ target }) => target),
    ]),
  );
  const done = new Set<string>();
  const walk = (path: string, way: readonly string[]): string[] => {
    if (way.includes(path)) return [[...way.slice(way.indexOf(path)), path].join(' > ')];
    if (done.has(path)) return [];
    const found = (graph.get(path) ?? []).flatMap((next) => walk(next, [...way, path]));
    done.add(path);
    return found;
  };
  expect(sources.flatMap((path) => walk(path, []))).toEqual([]);
});

it('the machine reaches no host clock, randomness, file or socket', () => {
  const forbidden = /\bDate\b|Math\.random|performance\.|from 'node:|process\.|setTimeout|crypto\./;
  const machine = sources.filter((path) => below(path, 'recorder/machine'));
  const code = (path: string) => text(path).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  expect(machine.filter((path) => forbidden.test(code(path)))).toEqual([]);
});

describe('the portable layers', () => {
  it('compile without the types of Node and of the DOM, so that they run in a browser and in a worker', () => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const files = execFileSync(process.execPath, [tsc, '-p', 'tsconfig.portable.json', '--listFilesOnly'], {
      cwd: root,
      encoding: 'utf8',
    }).split('\n');
    for (const folder of ['schemas', 'recorder/machine', 'replayer/trace', 'replayer/verify'])
      expect(files).toContain(join(root, sources.find((path) => below(path, folder)) as string));
    expect(files.filter((file) => /@types\/node\/|lib\.(?:dom|webworker)/.test(file))).toEqual([]);
    expect(JSON.parse(text('package.json')).scripts.typecheck).toContain('tsc -p tsconfig.portable.json');
  });
});

describe('comments', () => {
  it('stand at the head of each module: of its own, or of what it exports first', () => {
    const head = (path: string) =>
      text(path).replace(/^(?:\s*(?:import\b[^;]*;|\/\/ biome-ignore.*)\n|\s*\n)*/, '');
    const isHead = /^(?:\/\*\*(?:[^*]|\*(?!\/))+\*\/\n(?:\n|export )|\/\/ Generated from )/;
    expect(sources.filter((path) => !isHead.test(head(path)))).toEqual([]);
  });

  it('say what a thing is or does, and do not begin with a question word', () => {
    const question = /\/\*\*[\s*]*((?:What|Who|Whether|How|Where|Why|When)\b.*)/g;
    const code = [
      'schemas',
      'host',
      'recorder',
      'replayer',
      'analysis',
      'editors',
      'test',
      'scripts',
    ].flatMap(filesBelow);
    const found = code
      .filter((path) => /\.(ts|mjs)$/.test(path))
      .flatMap((path) => [...text(path).matchAll(question)].map(([, begin]) => `${path}: ${begin}`));
    expect(found).toEqual([]);
  });
});

it('functions have at most 70 lines, but for those listed here with a reason', () => {
  const { complexity } = JSON.parse(text('biome.json')).linter.rules;
  expect(complexity.noExcessiveLinesPerFunction).toEqual({ level: 'error', options: { maxLines: 70 } });
  const excused = sources.filter((path) =>
    text(path).includes('biome-ignore lint/complexity/noExcessiveLinesPerFunction:'),
  );
  expect(excused.sort()).toEqual(Object.keys(LONG_FUNCTIONS).sort());
});

it('comments and pages name no file that is not there', () => {
  const present = new Set(filesBelow('.').map((path) => basename(path)));
  const named = /(?<![\w*/.-])([a-z0-9][\w-]*(?:\/[\w.-]+)*\.(?:ts|sql|proto|mjs))\b/gi;
  const comments = (path: string) =>
    [...text(path).matchAll(/\/\*\*?[\s\S]*?\*\/|^\s*\/\/.*$/gm)].map(([comment]) => comment).join('\n');
  const pages = filesBelow('docs').filter((path) => path.endsWith('.md'));
  const places = [
    ...sources.map((path) => [path, comments(path)] as const),
    ...[...pages, 'README.md', 'CONTRIBUTING.md'].map((path) => [path, text(path)] as const),
  ];
  const dangling = places.flatMap(([path, prose]) =>
    [...prose.matchAll(named)]
      .filter(([, name]) => !present.has(basename(name)))
      .map(([, name]) => `${path}: ${name}`),
  );
  expect(dangling).toEqual([]);
});

it('benches import modules that are there', () => {
  const benches = filesBelow('test/bench').filter((path) => path.endsWith('.mjs'));
  const named = benches.flatMap((path) =>
    [...text(path).matchAll(/product\('([^']+)\.js'\)/g)].map(([, module]) => [path, `${module}.ts`]),
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(([, module]) => !sources.includes(module as string))).toEqual([]);
});

it('tests draw from a seed that they are given', () => {
  const draws = filesBelow('test')
    .filter((path) => path.endsWith('.test.ts') && path !== 'test/unit/tidy.test.ts')
    .filter((path) =>
      /Math\.random|\w_SEED\b(?!`|'|=)[^\n]*Date\.now|process\.env\.\w+_SEED\b/.test(text(path)),
    );
  expect(draws).toEqual([]);
});
