import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const folder = join(import.meta.dirname, '../../firmware/seabios');
const readme = readFileSync(join(folder, 'README.md'), 'utf8');

describe('the BIOS that comes with the tool', () => {
  it('is what its README says it is, byte for byte', () => {
    const listed = [...readme.matchAll(/^\| `(\S+\.bin)` \|.*\| `([0-9a-f]{64})` \|$/gm)];
    const images = readdirSync(folder).filter((name) => name.endsWith('.bin'));
    expect(listed.map(([, name]) => name).sort()).toEqual(images.sort());
    for (const [, name, sum] of listed)
      expect(
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ).toBe(sum);
  });

  it('goes with its licence', () => {
    expect(readFileSync(join(folder, 'COPYING.LESSER'), 'utf8')).toMatch(
      /GNU LESSER GENERAL PUBLIC LICENSE\s+Version 3/,
    );
    expect(readFileSync(join(folder, 'COPYING'), 'utf8')).toMatch(/GNU GENERAL PUBLIC LICENSE\s+Version 3/);
  });
});
