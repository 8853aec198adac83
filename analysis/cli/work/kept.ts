/** One thing that is costly to open, for requests that mostly ask for the same: that of the last request stays open. */
export class Kept<Thing extends { close(): void }> {
  private kept: { readonly key: string; readonly thing: Thing } | undefined;

  /** `key`: all that the thing depends on. */
  get(key: object, open: () => Thing): Thing {
    const text = JSON.stringify(key);
    if (this.kept?.key === text) return this.kept.thing;
    this.close();
    const thing = open();
    this.kept = { key: text, thing };
    return thing;
  }

  close(): void {
    this.kept?.thing.close();
    this.kept = undefined;
  }
}
