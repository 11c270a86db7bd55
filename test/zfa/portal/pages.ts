/** Models of the portal's pages, for tests: a holder of com and net with two months of history. */
import type { GrowthDay, HomePage, PortalZone } from '#zonewright/zfa/portal/model.js';

export const DAY = 86_400;
/** 2026-11-25T10:20:30Z. */
export const NOW = Date.UTC(2026, 10, 25, 10, 20, 30) / 1000;
export const PUBLIC_KEY = 'RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3';

/** @example date(NOW) // '20261125' */
export const date = (at: number): string =>
  new Date(at * 1000).toISOString().slice(0, 10).replaceAll('-', '');

/** A zone's history of so many days that ends today; a slow growth with weeks in it. */
export function history(days: number, end: number): GrowthDay[] {
  const list: GrowthDay[] = [];
  let names = end;
  for (let i = 0; i < days; i++) {
    const at = NOW - i * DAY;
    const weekend = [0, 6].includes(new Date(at * 1000).getUTCDay());
    const added = Math.round(end * (weekend ? 0.0004 : 0.00072) * (1 + 0.2 * Math.sin(i * 1.7)));
    const removed = Math.round(end * (weekend ? 0.00035 : 0.0005) * (1 + 0.3 * Math.sin(i * 2.3)));
    list.unshift({ date: date(at), delegations: names, added, removed });
    names -= added - removed;
  }
  return list;
}

/** A zone with files of its newest day, and some before. */
export function zone(name: string, names: number, days = 60, kept = 7): PortalZone {
  const all = history(days, names);
  return {
    zone: name,
    history: all,
    days: all
      .slice(-kept)
      .reverse()
      .map((day, i) => ({
        ...day,
        serial: 1_795_305_600 - i * DAY,
        built: NOW - i * DAY - 36_630,
        bytes: Math.round(names * 26.4) - i * 1_234_567,
        sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
        files: [
          ['zone file', `${name}.zone.gz`, names * 26],
          ['MD5', `${name}.zone.gz.md5`, 45],
          ['added', `${name}.added.txt.gz`, 734_112],
          ['removed', `${name}.removed.txt.gz`, 512_900],
        ].map(([what, file, bytes]) => ({
          what: String(what),
          name: String(file),
          href: `/files/${name}/${day.date}/${file}`,
          bytes: Number(bytes),
        })),
      })),
  };
}

/** The page of a holder with everything there. */
export function home(change: Partial<HomePage> = {}): HomePage {
  return {
    origin: 'https://zfa.registry.example',
    now: NOW,
    holder: {
      id: 'acme-research',
      name: 'Ada Müller',
      organisation: 'Acme Research Ltd',
      expires: NOW + 108 * DAY,
      allow: [],
      hasAgeKey: true,
    },
    agreement: {
      version: '2026-1',
      text: 'Text.',
      accepted: NOW - 200 * DAY,
      before: undefined,
      unticked: false,
    },
    limitHours: 24,
    keepDays: 7,
    publicKey: PUBLIC_KEY,
    zones: [zone('com', 160_244_121), zone('net', 12_700_456)],
    bundles: Array.from({ length: 7 }, (_, i) => {
      const day = date(NOW - i * DAY);
      const bytes = 4_566_112_256 - i * 1_000_000;
      return {
        date: day,
        zones: ['com', 'net'],
        name: `zfa-acme-research-${day}.tar`,
        href: `/bundles/${day}.tar`,
        bytes,
        encrypted: {
          name: `zfa-acme-research-${day}.tar.age`,
          href: `/bundles/${day}.tar.age`,
          bytes: bytes + 1_114_784,
        },
      };
    }),
    ...change,
  };
}
