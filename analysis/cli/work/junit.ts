import { quoted, text } from './xml.ts';

/** JUnit XML of a search for failures, for CI systems. */

export interface JunitSearch {
  /** The file searched. */
  readonly suite: string;
  /** Name of the test for the search itself. */
  readonly name: string;
  readonly failures: readonly { readonly what: string; readonly next: string }[];
  /** The extent of the search. */
  readonly coverage: string;
  /** False if it was stopped before everything was tried. */
  readonly complete: boolean;
}

/**
 * One test suite: a failed test for each kind of failure, and one test for the search itself, which is skipped if the search was stopped
 * early.
 */
export function junitOf(search: JunitSearch): string[] {
  const { failures, coverage, complete } = search;
  const suite = quoted(search.suite);
  const failed = failures.map(({ what, next }) => [
    `    <testcase classname=${suite} name=${quoted(what)}>`,
    `      <failure type="placement" message=${quoted(what)}>${text(next)}</failure>`,
    '    </testcase>',
  ]);
  const told = complete
    ? `      <system-out>${text(coverage)}</system-out>`
    : `      <skipped message=${quoted(coverage)}/>`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites name="rewind386 explore">',
    `  <testsuite name=${suite} tests="${failed.length + 1}" failures="${failed.length}" skipped="${complete ? 0 : 1}">`,
    ...failed.flat(),
    `    <testcase classname=${suite} name=${quoted(search.name)}>`,
    told,
    '    </testcase>',
    '  </testsuite>',
    '</testsuites>',
  ];
}
