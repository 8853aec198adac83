/**
 * Input that cannot be used: a file that is not a trace, an unknown guest, a full disk. The command line prints
 * `what`, then `next` (a command or a hint), and exits 2; no stack trace.
 */
export class BadInput extends Error {
  override readonly name: string = 'BadInput';
  readonly next: string | undefined;

  constructor(what: string, next?: string) {
    super(what);
    this.next = next;
  }
}
