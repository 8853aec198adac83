/** The files that browsers get, built by scripts/build-web.mjs. */

/** Built beside this file; from the sources they are those of the last build. */
const web = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/analysis/web/' : '../web/',
  import.meta.url,
);

export const webAsset = (name: string): URL => new URL(name, web);
