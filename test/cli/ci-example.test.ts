import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { wordsOf } from './printed-sessions.ts';
import { runCli } from './run-cli.ts';

/** The workflow that docs/exploration.md gives for GitHub Actions: YAML of its form, with commands that there are. */

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

const page = readFileSync(join(import.meta.dirname, '../../docs/exploration.md'), 'utf8');
const [, yaml] = /```yaml\n(.*?)```/s.exec(page) ?? [];
const workflow = parse(yaml) as {
  readonly on: unknown;
  readonly jobs: Readonly<Record<string, { readonly 'runs-on': string; readonly steps: readonly Step[] }>>;
};
const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
const commands = steps
  .flatMap(({ run }) => run?.trim().split('\n') ?? [])
  .filter((line) => line.startsWith('rewind386 '))
  .map((line) => wordsOf(line).slice(1));

describe('the workflow of docs/exploration.md', () => {
  it('has the parts that GitHub asks for', () => {
    expect(workflow.on).toBeDefined();
    for (const job of Object.values(workflow.jobs)) expect(job['runs-on']).toMatch(/^ubuntu-/);
    for (const { run, uses } of steps) expect([run, uses].filter(Boolean)).toHaveLength(1);
  });

  it('records, explores within a budget, and keeps what it found', () => {
    expect(commands.map(([command]) => command)).toEqual(['record', 'explore']);
    const kept = steps.find(({ uses }) => uses?.startsWith('actions/upload-artifact@'));
    const [, explore] = commands;
    const junit = explore[explore.indexOf('--junit') + 1];
    expect(String(kept?.with?.path)).toContain(junit);
    expect(explore).toContain('--budget');
  });

  it.each(commands)('says nothing to %s that it does not know', async (command, ...words) => {
    const { stdout } = await runCli(command, '--help');
    const options = words.filter((word) => word.startsWith('-'));
    expect(options.length).toBeGreaterThan(0);
    for (const option of options) expect(stdout.join('\n')).toMatch(new RegExp(`(^|[ ,])${option}[ ,]`, 'm'));
  });
});
