/**
 * The zones: `/czds/downloads/…` as ICANN's CZDS has it, so that its clients work unchanged, and
 * `/files/<zone>/<name>` for the single files of the published generation.
 */

import { openPublished, type PublishedFile } from '../published.js';
import { isChangeList } from '../shared-files.js';
import { assertAgreed, assertZone, notThere } from './access.js';
import type { FileVersion, OfferedFile } from './download.js';
import { jsonReply } from './exchange.js';
import type { Route } from './router.js';
import type { Service } from './service.js';

export function zoneRoutes(service: Service): readonly Route[] {
  const { auth, published, downloads } = service;
  return [
    {
      method: 'GET',
      path: '/czds/downloads/links',
      errors: 'json',
      handle: async (request) => {
        const holder = await auth.holderOf(request);
        const zones = holder.zones.filter((zone) => published.current(zone) !== undefined);
        return jsonReply(
          200,
          zones.map((zone) => `${request.origin}/czds/downloads/${zone}.zone`),
        );
      },
    },
    {
      method: 'GET',
      path: '/czds/downloads/{zone}.zone',
      errors: 'json',
      handle: async (request) => {
        const holder = await auth.holderOf(request);
        const { zone } = request.params;
        assertZone(service, request, holder, zone);
        assertAgreed(service, request, holder);
        const name = `${zone}.zone.gz`;
        const file = published.current(zone)?.files.get(name);
        if (file === undefined) return notThere(service, request, holder, `czds/${zone}`);
        return downloads.reply(request, holder, {
          ...offer(service, zone, file),
          key: `czds/${zone}`,
          contentType: 'application/x-gzip',
          // Without a space and quotes: clients take what follows the "=".
          disposition: `attachment;filename=${zone}.txt.gz`,
        });
      },
    },
    {
      method: 'GET',
      path: '/files/{zone}/{name}',
      handle: async (request) => {
        const holder = await auth.holderOf(request);
        const { zone, name } = request.params;
        assertZone(service, request, holder, zone);
        assertAgreed(service, request, holder);
        const file = published.current(zone)?.files.get(name);
        if (file === undefined) return notThere(service, request, holder, `files/${zone}`);
        return downloads.reply(request, holder, {
          ...offer(service, zone, file),
          key: `files/${zone}/${file.name}`,
          // A list of changes that was had must not keep its holder from the next one's names.
          eachVersion: isChangeList(zone, name),
          contentType: file.name.endsWith('.gz') ? 'application/gzip' : 'text/plain; charset=utf-8',
          disposition: `attachment;filename=${file.name}`,
        });
      },
    },
  ];
}

function offer(
  { published }: Service,
  zone: string,
  file: PublishedFile,
): Pick<OfferedFile, 'zones' | 'current' | 'older'> {
  return {
    zones: [zone],
    current: versionOf(file),
    older: (etag) => {
      const older = published.withEtag(zone, file.name, etag);
      return older === undefined ? undefined : versionOf(older);
    },
  };
}

function versionOf(file: PublishedFile): FileVersion {
  const { etag, modified, bytes, serial } = file;
  return { etag, modified, size: bytes, serial, open: () => openPublished(file) };
}
