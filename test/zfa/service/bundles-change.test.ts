/** Who goes on with a bundle gets the one that was begun, whatever was bundled since: never a mix. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BundleStore } from '../../../src/zfa/service/bundle-routes.js';
import { memorySource } from '../../../src/zfa/stream/joined-source.js';
import { addHolder, PASSWORD, startTestService, type TestService } from './fixture.js';

const SIZE = 300_000;

interface Version {
  readonly etag: string;
  readonly date: string;
}

/** Octets that tell at each place of which version they are. */
const octetsOf = ({ etag }: Version): Buffer => Buffer.alloc(SIZE, `<${etag}>`);

/** What is there, the newest first; each version holds its own tag. */
let versions: Version[] = [];
const find: BundleStore['find'] = (date, holder, { etag }) => {
  const found = versions.find(
    (version) => version.date === date && (etag === undefined || version.etag === etag),
  );
  return (
    found && {
      fileName: `zfa-${holder.id}-${date}.tar`,
      etag: found.etag,
      modified: 1_795_305_600,
      size: SIZE,
      zones: ['com'],
      recipient: undefined,
    }
  );
};
const store: BundleStore = {
  days: () => [...new Set(versions.map(({ date }) => date))],
  find,
  open: async (date, holder, how) => {
    const bundle = find(date, holder, how);
    return bundle && { ...bundle, source: memorySource(octetsOf({ date, etag: bundle.etag })) };
  },
};

let service: TestService;
let holders = 0;

beforeAll(async () => {
  service = await startTestService({ bundles: store });
});
afterAll(() => service.stop());

/** A holder who has got the first half of a file. */
async function halfway(path: string) {
  const id = `holder-${++holders}`;
  addHolder(service.db, id);
  const get = (headers: Record<string, string>, method = 'GET') =>
    service.ask(path, { basic: `${id}:${PASSWORD}`, method, headers });
  const first = await get({ range: `bytes=0-${SIZE / 2 - 1}` });
  expect(first.status).toBe(206);
  return { get, first };
}

const rest = { range: `bytes=${SIZE / 2}-` };

describe.each(['/bundles/20261122.tar', '/bundles/latest.tar'])('%s', (path) => {
  const before: Version = { date: '20261122', etag: 'before' };
  const after: Version = { date: '20261122', etag: 'after' };

  it('made again meanwhile: the rest is of the one before, with and without If-Range', async () => {
    versions = [before];
    const { get, first } = await halfway(path);
    versions = [after, before];
    for (const more of [{}, { 'if-range': first.headers.etag! }]) {
      const second = await get({ ...rest, ...more });
      expect(second.status).toBe(206);
      expect(second.headers.etag).toBe(first.headers.etag);
      const whole = Buffer.concat([first.body, second.body]);
      expect(whole.equals(octetsOf(before))).toBe(true);
    }
  });

  it('made again, and the one before is gone: all of the new one', async () => {
    versions = [before];
    const { get } = await halfway(path);
    versions = [after];
    const second = await get(rest);
    expect(second).toMatchObject({ status: 200, headers: { etag: '"after"' } });
    expect(second.body.equals(octetsOf(after))).toBe(true);
  });
});

describe('/bundles/latest.tar, when a new day comes', () => {
  const yesterday: Version = { date: '20261122', etag: 'yesterday' };
  const today: Version = { date: '20261123', etag: 'today' };

  it('goes on with the day that was begun', async () => {
    versions = [yesterday];
    const { get, first } = await halfway('/bundles/latest.tar');
    versions = [today, yesterday];
    for (const more of [{}, { 'if-range': first.headers.etag! }]) {
      const second = await get({ ...rest, ...more });
      expect(second).toMatchObject({
        status: 206,
        headers: { etag: '"yesterday"', 'content-location': '/bundles/20261122.tar' },
      });
      expect(Buffer.concat([first.body, second.body]).equals(octetsOf(yesterday))).toBe(true);
    }
  });

  it('is the new one for who begins', async () => {
    versions = [yesterday];
    const { get } = await halfway('/bundles/latest.tar');
    versions = [today, yesterday];
    expect((await get({})).body.equals(octetsOf(today))).toBe(true);
    expect((await get({}, 'HEAD')).headers.etag).toBe('"today"');
  });

  it('is the whole new one for who went on with one that was complete long ago', async () => {
    versions = [yesterday];
    const { get } = await halfway('/bundles/latest.tar');
    expect((await get(rest)).status).toBe(206);
    service.time.now += 23 * 3600;
    versions = [today, yesterday];
    const more = await get({ range: `bytes=${SIZE - 10}-` });
    expect(more).toMatchObject({ status: 200, headers: { etag: '"today"' } });
    expect(more.body.equals(octetsOf(today))).toBe(true);
  });

  it('an older day that was given up does not come before the one that was begun last', async () => {
    versions = [yesterday];
    const { get } = await halfway('/bundles/latest.tar');
    versions = [today, yesterday];
    service.time.now += 60;
    expect((await get({})).body.equals(octetsOf(today))).toBe(true);
    service.time.now += 2 * 3600;
    // What curl -C - asks with a complete file: there is nothing more.
    const more = await get({ range: `bytes=${SIZE}-` });
    expect(more).toMatchObject({ status: 416, headers: { etag: '"today"' } });
  });
});
