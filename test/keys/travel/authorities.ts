/**
 * The name servers of parent and child: a quick one, which has each zone at once, and a slow one,
 * which has it some time later. A resolver asks now this one, now that, as in the world.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Server, serve } from '../../served/servers.js';
import type { Client } from './query.js';

export interface Authority extends Server {
  /** Serves this version of a zone; ends when it answers with its serial. */
  load(zone: string, text: string, serial: number): Promise<void>;
}

/** @param zones the first version of each zone. */
export async function startAuthority(
  folder: string,
  zones: Readonly<Record<string, string>>,
  client: Client,
): Promise<Authority> {
  const fileOf = (zone: string): string => join(folder, `${zone}zone`);
  for (const [zone, text] of Object.entries(zones)) writeFileSync(fileOf(zone), text);
  const server = await serve(
    folder,
    Object.keys(zones).map((name) => ({ name, file: fileOf(name), anchors: [] })),
    'nsd',
  );
  return {
    ...server,
    load: async (zone, text, serial) => {
      writeFileSync(`${fileOf(zone)}.new`, text);
      renameSync(`${fileOf(zone)}.new`, fileOf(zone));
      server.reload();
      for (let tries = 1; ; tries++) {
        const { records } = await client.ask(server.port, zone, 'SOA');
        const [soa] = records;
        if (soa?.type === 'SOA' && soa.data.serial === serial) return;
        // A reload that comes while another one is under way may be lost.
        if (tries % 500 === 0) server.reload();
        if (tries > 5000) throw new Error(`${zone} ${serial} is not served`);
        await wait(2);
      }
    },
  };
}
