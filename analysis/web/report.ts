import { element } from './dom.ts';
import { unpack } from './packed.ts';
import type { PageData } from './page-data.ts';
import { runParts } from './run-parts.ts';

/** The report page: the story, the timeline, the findings, from the facts that lie in it. */

const NOT_EXECUTED =
  'This page was made without executing the run again, so it has no instructions or stacks of findings and no undeclared windows.';

const data = unpack(JSON.parse(document.getElementById('data')?.textContent ?? '{}')) as PageData;
const { timeline, story, timelinePart, findings, pageTables, facts } = runParts(data);
document.title = `${data.file}: rewind386 report`;
document.body.append(
  element('main', [
    element('h1', data.file),
    element('p', data.verdict, { class: 'verdict' }),
    facts,
    ...(story.length > 0 ? [element('h2', 'The story, backwards'), ...story] : []),
    element('h2', 'Timeline'),
    ...timelinePart,
    element('h2', data.findings.length === 0 ? 'No findings' : 'Findings'),
    ...(data.executed ? [] : [element('p', NOT_EXECUTED, { class: 'quiet' })]),
    findings,
    ...(pageTables.length > 0 ? [element('h2', 'Page tables'), ...pageTables] : []),
  ]),
);
timeline.changed();
