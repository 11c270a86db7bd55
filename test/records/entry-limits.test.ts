/** The limits of an entry writer: an address holds a block number of eight bits. */
import { expect, it } from 'vitest';
import { EntryWriter, Kind, MAX_BLOCKS } from '#zonewright/records/entry.js';

it('refuses more than it can address, instead of overwriting', () => {
  const writer = new EntryWriter();
  const key = Uint8Array.of(0x61, 0);
  const append = (): void =>
    writer.append(key, 0, 2, Kind.record, 1, 60, 0, 1, Uint8Array.of(192, 0, 2, 1), 0, 4);
  append();
  // As if 4 GiB had been filled: empty blocks, and a last one without room.
  while (writer.blocks.length < MAX_BLOCKS) writer.blocks.push(new Uint8Array(0));
  expect(() => {
    for (let i = 0; i < 10_000; i++) append();
  }).toThrow('4 GiB');
});
