/**
 * A build's com and net, served by a real name server and asked through a validating Unbound that
 * trusts the zones' KSKs: secure delegations, proven insecure delegations, and Name Error for
 * names that are not published (.com Appendix 7 section 4), with NSEC3 with and without opt-out.
 *
 * A resolver does not set AD on what an opt-out span proves (RFC 5155 section 9.2), so there the
 * answer has to be right and not bogus; without opt-out it has to be authenticated too.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Registry as Export, readDeposit, referenceZones } from '../reference/reference.js';
import { tempDir } from '../tools/cli.js';
import { describeWithTools } from '../tools/judges.js';
import { build, makeRegistry, publishedZone, type Registry } from '../tools/registry.js';
import { readZoneText, type TextRecord } from '../tools/zone-text.js';
import { ask, authoritativeTool, resolver, type Server, serve } from './servers.js';

const TOOLS = [authoritativeTool(), 'unbound', 'dig'];
/** Questions of each kind. */
const SAMPLES = 5;

for (const optOut of [false, true]) {
  describeWithTools(TOOLS, `com and net with opt-out = ${optOut}, served`, () => {
    let registry: Registry;
    let registered: Export;
    const records = new Map<string, TextRecord[]>();
    let authority: Server | undefined;
    let validator: Server | undefined;

    beforeAll(async () => {
      registry = await makeRegistry({ domains: 3000, optOut });
      await build(registry);
      registered = readDeposit(registry.exportFolder);
      const folder = tempDir('served');
      const zones = registry.zones.map(({ name }) => {
        const file = publishedZone(registry, name);
        const all = readZoneText(file);
        records.set(name, all);
        const anchors = all
          .filter((r) => r.owner === name && r.type === 'DNSKEY' && r.rdata.startsWith('257 '))
          .map((r) => `${r.owner} 3600 IN DNSKEY ${r.rdata}`);
        expect(anchors.length).toBeGreaterThan(0);
        return { name, file, anchors };
      });
      authority = await serve(folder, zones);
      validator = await resolver(folder, zones, authority);
    }, 180_000);

    afterAll(async () => {
      await validator?.stop();
      await authority?.stop();
    });

    function validated(name: string, type: string): ReturnType<typeof ask> {
      return ask((validator as Server).port, name, type);
    }

    /** Some names of a zone with a property. */
    function delegations(zone: string, secure: boolean): string[] {
      const all = records.get(zone) ?? [];
      const withDs = new Set(all.filter((r) => r.type === 'DS').map((r) => r.owner));
      const names = new Set(
        all.filter((r) => r.type === 'NS' && r.owner !== zone).map((r) => r.owner),
      );
      const found = [...names].filter((name) => withDs.has(name) === secure);
      expect(found.length).toBeGreaterThanOrEqual(SAMPLES);
      return found.slice(0, SAMPLES);
    }

    /** Registered names that a status keeps out of the zone, though they have name servers. */
    function withStatus(...statuses: readonly string[]): string[] {
      const found = [...registered.statuses]
        .filter(([, has]) => statuses.some((status) => has.has(status)))
        .filter(([name]) => registered.nameServers.has(name))
        .map(([name]) => name)
        .slice(0, SAMPLES);
      expect(found.length).toBeGreaterThan(0);
      return found;
    }

    async function expectNameError(name: string): Promise<void> {
      const answer = await validated(name, 'A');
      expect(answer.status, name).toBe('NXDOMAIN');
      if (!optOut) expect(answer.flags, name).toContain('ad');
    }

    for (const zone of ['com.', 'net.']) {
      it(`authenticates the apex of ${zone}`, async () => {
        for (const type of ['SOA', 'NS', 'DNSKEY', 'NSEC3PARAM', 'TYPE63']) {
          const answer = await validated(zone, type);
          expect(answer.status, type).toBe('NOERROR');
          expect(answer.flags, type).toContain('ad');
          expect(answer.answer.length, type).toBeGreaterThan(1);
        }
      });

      it(`authenticates the DS of secure delegations of ${zone}`, async () => {
        for (const name of delegations(zone, true)) {
          const answer = await validated(name, 'DS');
          expect(answer.status, name).toBe('NOERROR');
          expect(answer.flags, name).toContain('ad');
          expect(answer.answer.some((line) => / DS /.test(line))).toBe(true);
        }
      });

      it(`proves that insecure delegations of ${zone} have no DS`, async () => {
        for (const name of delegations(zone, false)) {
          const answer = await validated(name, 'DS');
          expect(answer.status, name).toBe('NOERROR');
          expect(answer.answer, name).toEqual([]);
          if (!optOut) expect(answer.flags, name).toContain('ad');
        }
      });

      it(`refers to the delegations of ${zone} with their glue`, async () => {
        const all = records.get(zone) ?? [];
        const glue = all.find(
          (r) =>
            r.type === 'A' &&
            all.some(
              (ns) =>
                ns.type === 'NS' &&
                ns.owner !== zone &&
                ns.rdata === r.owner &&
                r.owner.endsWith(`.${ns.owner}`),
            ),
        ) as TextRecord;
        const answer = await ask((authority as Server).port, glue.owner, 'AAAA');
        expect(answer.status).toBe('NOERROR');
        expect(answer.flags).not.toContain('aa');
        expect(answer.additional).toContain(`${glue.owner} ${glue.ttl} IN A ${glue.rdata}`);
      });
    }

    it('denies names on hold', async () => {
      for (const name of withStatus('epp:clientHold', 'epp:serverHold'))
        await expectNameError(name);
    });

    it('denies names in redemption and pending delete', async () => {
      for (const name of withStatus('rgp:redemptionPeriod', 'rgp:pendingDelete')) {
        await expectNameError(name);
      }
    });

    it('denies names that nobody registered', async () => {
      for (const name of ['nobody-registered-this.com.', 'no-such-name.net.', 'a.b.c.net.']) {
        await expectNameError(name);
      }
    });

    it('denies hosts whose address was stripped as a SAC048 orphan', async () => {
      const orphans = [...referenceZones(registered, registry.zones).values()]
        .flatMap((zone) => zone.orphans)
        .filter((orphan) => orphan.class === 'sac048');
      expect(orphans.length).toBeGreaterThan(0);
      for (const { host } of orphans.slice(0, SAMPLES)) await expectNameError(host);
    });
  });
}
