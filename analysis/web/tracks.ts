import { codeTracks } from './code-tracks.ts';
import type { Density, EntryWrite, Mark, PageData, Track } from './page-data.ts';
import { entryText } from './paging.ts';
import { hex } from './text.ts';

/** All tracks of a page: those that its facts have, and those that follow from the others. */
export function tracksOf(data: PageData): Track[] {
  const tracks = data.tracks.map((track) =>
    track.kind === 'density' && track.name === 'page-table writes' ? withWrites(track, data) : track,
  );
  const off = tracks.findIndex(({ name }) => name === 'interrupts off');
  return [...tracks.slice(0, off + 1), ...codeTracks(data.findings, data.places), ...tracks.slice(off + 1)];
}

function withWrites(track: Density, { paging, end }: PageData): Density {
  const marks = paging.flatMap(({ writes }) => writes.map(writeMark));
  return { ...track, marks, whole: paging.some(({ from, to }) => from === 0 && to > end) };
}

function writeMark(write: EntryWrite): Mark {
  const { at, entry, value, directory, slot, source, code, inside } = write;
  const isDirectory = entry >>> 12 === directory >>> 12;
  const page = (slot * 0x400000 + (isDirectory ? 0 : ((entry & 4095) >>> 2) * 4096)) >>> 0;
  return {
    at,
    label: `${isDirectory ? 'PDE' : 'PTE'} of ${hex(page)}: ${entryText(value)}`,
    detail: `in directory ${hex(directory)}, entry at physical ${hex(entry)}${source === 'store' ? '' : `, by ${source.replace('_', ' and ')}`}`,
    ...(code === undefined ? {} : { code }),
    ...(inside === undefined ? {} : { inside }),
    entry,
  };
}
