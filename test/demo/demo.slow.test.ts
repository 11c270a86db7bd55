/**
 * `npm run demo`, as a stranger meets it: in a folder that is like a fresh checkout, twice, with
 * every outside judge over what it publishes.
 */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT, run, tempDir, zonewrightOk } from '../tools/cli.js';
import { describeWithTools, JUDGES, judges } from '../tools/judges.js';

const ZONES = ['com', 'net'];

describeWithTools([...JUDGES], 'the demo', () => {
  it('publishes zones that every judge accepts, and is a day older when run again', async () => {
    const folder = tempDir('demo');
    for (const part of ['dist', 'bin', 'package.json']) {
      cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const serials: number[] = [];
    for (let day = 0; day < 2; day++) {
      const done = await run(process.execPath, [join(folder, 'dist/demo/demo.js')]);
      expect(done.stderr).not.toContain('error');
      expect(done.status).toBe(0);
      for (const zone of ZONES) {
        const current = join(folder, 'demo/out', zone, 'current');
        const file = join(current, `${zone}.zone`);
        // Children do have DS records with SHA-1; the zone passes them on.
        expect(await judges({ zone, file, allow: /DS deprecated digest type 1/ })).toEqual([]);
        const manifest = readFileSync(join(current, 'manifest.json'), 'utf8');
        serials.push((JSON.parse(manifest) as { serial: number }).serial);
      }
    }
    expect(serials[2] - serials[0]).toBe(86_400);

    // What it says in the end about fetching a bundle.
    const demo = join(folder, 'demo');
    const { stdout } = await run(process.execPath, [join(folder, 'dist/demo/demo.js')]);
    const command = /^ {2}zonewright (zfa bundle .*)$/m.exec(stdout)![1];
    await zonewrightOk(command.split(' '), { cwd: demo });
    const unpacked = tempDir('demo-bundle');
    const tar = await run('tar', ['-xf', join(demo, 'acme-labs.tar'), '-C', unpacked]);
    expect(tar).toMatchObject({ status: 0, stderr: '' });
    const sums = await run('md5sum', ['-c', 'com.zone.gz.md5', 'net.zone.gz.md5'], {
      cwd: unpacked,
    });
    expect(sums).toMatchObject({ status: 0, stdout: 'com.zone.gz: OK\nnet.zone.gz: OK\n' });
    const list = await zonewrightOk(['zfa', 'list', '--json'], { cwd: demo });
    const { holders } = JSON.parse(list.stdout) as { holders: { id: string; state: string }[] };
    expect(holders.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'acme-labs approved',
      'brandwatch approved',
    ]);
  });
});

describeWithTools(['validns'], 'a build with RSASHA256 keys', () => {
  it.each([false, true])('is accepted by validns (opt-out: %s)', async (optOut) => {
    const folder = tempDir('rsa');
    await zonewrightOk(['init', '.'], { cwd: folder });
    const config = join(folder, 'zonewright.toml');
    writeFileSync(
      config,
      readFileSync(config, 'utf8')
        .replace('"ECDSAP256SHA256"', '"RSASHA256"')
        .replace('opt-out = true', `opt-out = ${optOut}`)
        // validns is older than ZONEMD (RFC 8976).
        .replace('zonemd = true', 'zonemd = false'),
    );
    await zonewrightOk(['sample', '--sound', '--domains', '2000', '--out', 'export'], {
      cwd: folder,
    });
    await zonewrightOk(['keys', 'generate'], { cwd: folder });
    await zonewrightOk(['build'], { cwd: folder });
    for (const zone of ZONES) {
      const file = join(folder, 'out', zone, 'current', `${zone}.zone`);
      expect(readFileSync(file, 'latin1')).toContain('RRSIG\t'.toLowerCase());
      expect(await judges({ zone, file, only: ['validns'] })).toEqual([]);
    }
  });
});
