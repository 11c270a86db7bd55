/**
 * The servers of these tests themselves: with a zone by dnssec-signzone the resolver sets AD, and
 * with another key as its trust anchor it answers SERVFAIL. So a missing AD elsewhere means
 * something.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tempDir } from '../tools/cli.js';
import { describeWithTools } from '../tools/judges.js';
import { bindKeys, signWithBind, smallZone } from '../tools/outside-signers.js';
import { ask, authoritativeTool, resolver, type Server, serve } from './servers.js';

const ZONE = 'example.';

describeWithTools(
  ['dnssec-signzone', 'dnssec-keygen', 'unbound', 'dig', authoritativeTool()],
  'a zone by dnssec-signzone, served',
  () => {
    const servers: Server[] = [];
    let right: Server;
    let wrong: Server;

    beforeAll(async () => {
      const folder = tempDir('harness');
      const file = await signWithBind({
        zone: 'example',
        text: smallZone('example'),
        folder,
        denial: 'nsec3',
        algorithm: 'ECDSAP256SHA256',
      });
      const other = await bindKeys('example', 'ECDSAP256SHA256', join(folder, 'other'));
      const own = {
        name: ZONE,
        file,
        anchors: [readFileSync(join(folder, 'dsset-example.'), 'utf8')],
      };
      const foreign = {
        ...own,
        anchors: [readFileSync(join(folder, 'other', `${other.ksk}.key`), 'utf8')],
      };
      const authority = await serve(folder, [own]);
      servers.push(authority);
      right = await resolver(join(folder, 'right'), [own], authority);
      servers.push(right);
      wrong = await resolver(join(folder, 'wrong'), [foreign], authority);
      servers.push(wrong);
    });

    afterAll(async () => {
      for (const server of servers.reverse()) await server.stop();
    });

    it('gets AD for data and for denials', async () => {
      const ds = await ask(right.port, 'secure.example', 'DS');
      expect(ds.status).toBe('NOERROR');
      expect(ds.flags).toContain('ad');
      expect(ds.answer.some((line) => / DS 1001 13 2 /.test(line))).toBe(true);
      const none = await ask(right.port, 'nobody.example', 'A');
      expect(none.status).toBe('NXDOMAIN');
      expect(none.flags).toContain('ad');
    });

    it('is bogus under another trust anchor', async () => {
      expect((await ask(wrong.port, 'secure.example', 'DS')).status).toBe('SERVFAIL');
    });
  },
);
