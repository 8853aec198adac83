// Writes the pages of docs/ that are made from code. Run by `npm run docs`, after a build.
import { readFileSync, writeFileSync } from 'node:fs';
import { withPart } from '../dist/analysis/docs/made-part.js';
import { MADE_PARTS } from '../dist/analysis/docs/made-parts.js';
import { queriesDocument } from '../dist/analysis/docs/queries-document.js';
import { tablesDocument } from '../dist/analysis/docs/tables-document.js';
import { dataFlowPicture } from './data-flow-picture.mjs';

writeFileSync(new URL('../docs/tables.md', import.meta.url), tablesDocument());
writeFileSync(new URL('../docs/queries.md', import.meta.url), queriesDocument());

for (const part of MADE_PARTS) {
  const page = new URL(`../docs/${part.page}`, import.meta.url);
  writeFileSync(page, withPart(readFileSync(page, 'utf8'), part));
}
writeFileSync(new URL('../docs/data-flow.svg', import.meta.url), dataFlowPicture());
