import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { runCli } from './run-cli.ts';

/** docs/fleet-job.yaml: a Kubernetes Job by its form, whose command there is. */

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

const job = parse(readFileSync(join(import.meta.dirname, '../../docs/fleet-job.yaml'), 'utf8'));
const pod = job.spec.template.spec;
const [container] = pod.containers as Container[];

it('is a Job as Kubernetes defines it', () => {
  expect([job.apiVersion, job.kind]).toEqual(['batch/v1', 'Job']);
  expect(job.metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
  // All pods of it run, and none before another.
  expect(job.spec.completions).toBe(job.spec.parallelism);
  expect(['Never', 'OnFailure']).toContain(pod.restartPolicy);
});

it('has every worker see one folder', () => {
  const folder = container.args[container.args.indexOf('--folder') + 1];
  const mount = container.volumeMounts.find(({ mountPath }) => mountPath === folder);
  expect(pod.volumes.map(({ name }: { name: string }) => name)).toContain(mount?.name);
});

it('gives the command options that it has', async () => {
  expect(container.command).toEqual(['rewind386', 'worker']);
  const { stdout } = await runCli('worker', '--help');
  const options = container.args.filter((word) => word.startsWith('--'));
  expect(options).toContain('--idle');
  for (const option of options) expect(stdout.join('\n')).toMatch(new RegExp(`(^|[ ,])${option}[ ,]`, 'm'));
});
