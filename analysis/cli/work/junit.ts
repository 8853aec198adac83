import { quoted, text } from './xml.ts';

/** The XML that test runners of CI systems read, of a search for failures. */

export interface JunitSearch {
  /** The file searched. */
  readonly suite: string;
  /** Of the test that is the search itself. */
  readonly name: string;
  readonly failures: readonly { readonly what: string; readonly next: string }[];
  /** The extent of what was tried. */
  readonly coverage: string;
  /** False where it was stopped before it had tried all that was asked for. */
  readonly complete: boolean;
}

/**
 * One test suite: a test for each kind of failure, which failed, and one of the search itself, which is skipped where it was stopped: what
 * was not run was not tried.
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
