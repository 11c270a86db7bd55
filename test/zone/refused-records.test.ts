/** Records that can't stand where they are: refused, never signed, never dropped in silence. */
import { describe, expect, it } from 'vitest';
import { APEX, signText } from '../sign/sign.js';

describe('sign refuses (exit 3)', () => {
  const DNSKEY = `DNSKEY 257 3 13 ${Buffer.alloc(64, 7).toString('base64')}`;
  for (const [title, lines, reason] of [
    ['an SOA below the apex', 'sub SOA a. b. 1 2 3 4 5', 'SOA record below the apex'],
    ['a DNSKEY below the apex (RFC 4034 §2.1.1)', `sub ${DNSKEY}`, 'zone key below the apex'],
    ['two DNAMEs (RFC 6672 §2.4)', 'sub DNAME a.\nsub DNAME b.', 'one of several DNAME'],
    ['two CNAMEs (RFC 2181 §10.1)', 'sub CNAME a.\nsub CNAME b.', 'one of several CNAME'],
    ['a CNAME beside other data', 'sub CNAME a.\nsub TXT "x"', 'stands beside other data'],
    ['a CNAME at a delegation', 'sub CNAME a.\nsub NS b.', 'stands beside other data'],
    ['a wildcard delegation (RFC 4592 §4.2)', '*.sub NS a.', 'wildcard owner'],
    ['an empty quoted owner', '"" TXT "x"', 'owner'],
  ] as const) {
    it(title, async () => {
      const signed = await signText(`${APEX}${lines}\n`);
      expect(signed.stderr).toContain(reason);
      expect(signed.status).toBe(3);
      expect(signed.records).toEqual([]);
    });
  }

  it('a fault behind a thousand occluded records', async () => {
    const hidden = Array.from({ length: 1100 }, (_, i) => `x${i}.cut TXT "x"`).join('\n');
    const signed = await signText(
      `${APEX}cut NS ns.other.\n${hidden}\nzz CNAME a.\nzz TXT "beside"\n`,
    );
    expect(signed.stderr).toContain('stands beside other data');
    expect(signed.status).toBe(3);
  });

  it('every fault counts against --max-rejects', async () => {
    const twice = Array.from({ length: 1500 }, (_, i) => `x${i} CNAME a.\nx${i} TXT "x"`);
    const text = `${APEX}${twice.join('\n')}\n`;
    expect((await signText(text, '--max-rejects', '1499')).status).toBe(3);
    expect((await signText(text, '--max-rejects', '1500')).status).toBe(0);
  });
});

describe('an RRset', () => {
  const sets = (n: number): string =>
    Array.from({ length: n }, (_, i) => `many TXT "${String(i).padStart(240, '0')}"`).join('\n');

  it('may be as large as a message', async () => {
    // 24 octets of owner and fixed fields and 241 of RDATA each.
    expect((await signText(`${APEX}${sets(247)}\n`)).status).toBe(0);
  });

  it('is refused beyond that: no server could load it', async () => {
    const signed = await signText(`${APEX}${sets(248)}\n`);
    expect(signed.stderr).toContain('larger than a message');
    expect(signed.status).toBe(3);
  });
});

describe('a DNAME at the apex', () => {
  it('hides what is below it (RFC 6672 §2.4)', async () => {
    const signed = await signText(
      '$TTL 60\n@ SOA a. b. 1 2 3 4 5\n@ NS ns.other.\n@ DNAME other.\nsub A 192.0.2.1\ncut NS a.\n',
    );
    expect(signed.status).toBe(0);
    expect(signed.records.some((r) => r.owner === 'example.' && r.type === 'DNAME')).toBe(true);
    expect(signed.records.some((r) => r.type === 'A')).toBe(false);
  });
});

describe('a line without an owner', () => {
  it('behind a faulty name is not the data of the name before', async () => {
    const signed = await signText(
      `${APEX}bad..name A 192.0.2.66\n AAAA 2001:db8::66\ngood A 192.0.2.67\n`,
      ...['--max-rejects', '2'],
    );
    expect(signed.status).toBe(0);
    expect(signed.records.filter((r) => r.type === 'AAAA')).toEqual([]);
    expect(signed.records.some((r) => r.owner === 'good.example.')).toBe(true);
    expect(signed.stderr).toContain('2 records rejected');
  });
});
