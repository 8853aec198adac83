import type { DirectoryOwner } from './page-data.ts';
import { frameOf, type Mapping, type PagingState } from './paging.ts';

/** Address spaces as regions: neighbouring pages with the same rights whose frames are the same one's. */

export interface Region {
  readonly from: number;
  /** Linear address after its last page; up to 2^32. */
  readonly to: number;
  readonly pages: number;
  /** As `ls` has it: `rw user`, `r- kernel`. */
  readonly rights: string;
  /** The owner of the frames, in words. */
  readonly frames: string;
  /** The frames are page tables or pages of another process. */
  readonly foreign: boolean;
  /** The first page of it. */
  readonly first: Mapping;
}

const PAGE = 4096;
const KERNEL = 'kernel';

export const rightsOf = ({ writable, user }: Mapping): string =>
  `${writable ? 'rw' : 'r-'} ${user ? 'user' : 'kernel'}`;

/** The owner of each frame, by what the address spaces of all processes map for user code, and by the tables that they name. */
export class FrameOwners {
  private readonly owners = new Map<number, string>();
  private readonly kinds = new Map<number, string>();
  /** Page tables that several directories name. */
  private readonly shared = new Set<number>();

  constructor(state: PagingState, directories: readonly DirectoryOwner[]) {
    const tables = new Map<number, number>();
    for (const { directory } of directories)
      for (const table of state.tables(directory)) tables.set(table, (tables.get(table) ?? 0) + 1);
    for (const { directory, name } of directories) {
      for (const table of state.tables(directory)) {
        const isShared = (tables.get(table) ?? 0) > 1;
        if (isShared) this.shared.add(table);
        this.kinds.set(table, isShared ? 'page table of the kernel' : `page table of ${name}`);
        if (!isShared) this.owners.set(table, name);
      }
    }
    for (const { directory, name } of directories) this.addPages(state, directory, name);
    for (const { directory, name } of directories) {
      this.kinds.set(directory, `page directory of ${name}`);
      this.owners.set(directory, name);
    }
  }

  private addPages(state: PagingState, directory: number, name: string): void {
    for (const { frame, user } of state.mappings(directory)) {
      if (!user || this.kinds.get(frame)?.startsWith('page ')) continue;
      const before = this.owners.get(frame);
      if (before === undefined || before === name) {
        this.owners.set(frame, name);
        this.kinds.set(frame, name);
      } else {
        this.owners.set(frame, 'shared');
        this.kinds.set(frame, 'shared by processes');
      }
    }
  }

  /** In words. What the tables of all map is the kernel's: it may map any frame there. */
  kindOf({ frame, entry }: Mapping): string {
    return this.shared.has(frameOf(entry)) ? KERNEL : (this.kinds.get(frame) ?? KERNEL);
  }

  /** True for what belongs to one process that is not `name`. */
  isForeign({ frame, entry }: Mapping, name: string): boolean {
    const owner = this.shared.has(frameOf(entry)) ? undefined : this.owners.get(frame);
    return owner !== undefined && owner !== 'shared' && owner !== name;
  }
}

/** The regions of an address space, by linear address. */
export function regionsOf(mappings: readonly Mapping[], owners: FrameOwners, name: string): Region[] {
  const regions: Region[] = [];
  for (const one of mappings) {
    const rights = rightsOf(one);
    const frames = owners.kindOf(one);
    const last = regions.at(-1);
    const to = one.linear + one.pages * PAGE;
    if (last && last.to === one.linear && last.rights === rights && last.frames === frames)
      regions[regions.length - 1] = { ...last, to, pages: last.pages + one.pages };
    else
      regions.push({
        from: one.linear,
        to,
        pages: one.pages,
        rights,
        frames,
        foreign: owners.isForeign(one, name),
        first: one,
      });
  }
  return regions;
}

/** A page that is mapped otherwise at the second of two instants. */
export interface Change {
  readonly linear: number;
  readonly kind: 'mapped' | 'unmapped' | 'other frame' | 'other rights';
  readonly before: Mapping | undefined;
  readonly after: Mapping | undefined;
}

/** The differences between two address spaces, by linear address. */
export function changesOf(before: readonly Mapping[], after: readonly Mapping[]): Change[] {
  const old = new Map(before.map((one) => [one.linear, one]));
  const now = new Map(after.map((one) => [one.linear, one]));
  const changes: Change[] = [];
  for (const linear of [...new Set([...old.keys(), ...now.keys()])].sort((a, b) => a - b)) {
    const [was, is] = [old.get(linear), now.get(linear)];
    const kind = !was
      ? 'mapped'
      : !is
        ? 'unmapped'
        : was.frame !== is.frame || was.pages !== is.pages
          ? 'other frame'
          : rightsOf(was) !== rightsOf(is)
            ? 'other rights'
            : undefined;
    if (kind) changes.push({ linear, kind, before: was, after: is });
  }
  return changes;
}
