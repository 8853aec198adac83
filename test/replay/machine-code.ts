/** Pieces of machine code from which the kernels of tests are made. */

export const u16 = (n: number): number[] => [n & 0xff, (n >>> 8) & 0xff];
export const u32 = (n: number): number[] => [...u16(n), ...u16(n >>> 16)];

/** Maps the first 4 MB onto themselves by the table at `table` and turns paging on; uses EAX and EDI. */
export const pagingOn = (directory: number, table: number): readonly number[] => [
  ...[0xbf, ...u32(table)], //                     mov edi, table
  ...[0xb8, ...u32(3)], //                         mov eax, present | writable
  ...[0x89, 0x07], //                        fill: mov [edi], eax
  ...[0x05, ...u32(0x1000)], //                    add eax, 0x1000
  ...[0x83, 0xc7, 0x04], //                        add edi, 4
  ...[0x81, 0xff, ...u32(table + 0x1000)], //      cmp edi, table + 0x1000
  ...[0x75, 0xee], //                              jne fill
  ...[0xc7, 0x05, ...u32(directory), ...u32(table | 3)], // mov dword [directory], table | 3
  ...[0xb8, ...u32(directory)], //                 mov eax, directory
  ...[0x0f, 0x22, 0xd8], //                        mov cr3, eax
  ...[0x0f, 0x20, 0xc0], //                        mov eax, cr0
  ...[0x0d, ...u32(0x80000000)], //                or eax, PG
  ...[0x0f, 0x22, 0xc0], //                        mov cr0, eax
];
