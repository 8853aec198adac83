import { readFileSync } from 'node:fs';

/** The version in package.json, for the source tree and dist/ alike. */
export const VERSION: string = [
  new URL('../package.json', import.meta.url),
  new URL('../../package.json', import.meta.url),
]
  .map(versionAt)
  .find((version) => version !== undefined) as string;

function versionAt(url: URL): string | undefined {
  try {
    return JSON.parse(readFileSync(url, 'utf8')).version;
  } catch {
    return undefined;
  }
}
