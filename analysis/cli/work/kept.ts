/** Keeps the last used of things that are costly to open, for consecutive requests for the same one. */
export class Kept<Thing extends { close(): void }> {
  private kept: { readonly key: string; readonly thing: Thing } | undefined;

  /** `key` identifies everything on which it depends. */
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
