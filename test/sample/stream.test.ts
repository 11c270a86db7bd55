/** `sample --out -`: one zone on standard output, no faster than its reader. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BIN, start, startZonewright, tempDir, zonewright, zonewrightOk } from '../tools/cli.js';

const sample = (domains: number, ...more: string[]): string[] => [
  ...['sample', '--domains', String(domains), '--format', 'master', '--zones', 'com', '--quiet'],
  ...more,
];

/** Peak of resident memory so far, KiB; undefined where there is no /proc. */
function peakKib(pid: number): number | undefined {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}

describe('a sample on standard output', () => {
  it('is what the file would be, also packed', async () => {
    const folder = tempDir('sample');
    await zonewrightOk(sample(30_000, '--out', folder));
    const text = readFileSync(join(folder, 'com.zone'), 'utf8');
    const streamed = await zonewrightOk(sample(30_000, '--out', '-'));
    expect(streamed).toMatchObject({ stdout: text, stderr: '' });
    const packed = tempDir('sample');
    await zonewrightOk(sample(30_000, '--out', packed, '--gzip'));
    expect(gunzipSync(readFileSync(join(packed, 'com.zone.gz'))).toString()).toBe(text);
  });

  it('can be signed as it comes', async () => {
    const keys = join(tempDir('sample'), 'keys');
    await zonewrightOk(['keys', 'generate', '--zone', 'com', '--key-dir', keys, '--quiet']);
    const script = `"$NODE" "$BIN" ${sample(2000, '--out', '-').join(' ')} |
      "$NODE" "$BIN" sign - --zone com --key-dir "$KEYS" --output "$KEYS/signed" --json --quiet`;
    const env = { NODE: process.execPath, BIN, KEYS: keys };
    const done = await start('sh', ['-c', script], { env }).finished;
    expect(done).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(done.stdout)).toMatchObject({ delegations: 2000 });
  });

  it('ends without a word when its reader has enough', async () => {
    const { child, finished } = startZonewright(sample(1_000_000, '--out', '-'));
    child.stdout?.once('data', () => child.stdout?.destroy());
    expect(await finished).toMatchObject({ status: 0, signal: null, stderr: '' });
  });

  it('waits for a slow reader in bounded memory', async () => {
    // 340 MB of text, most of which nobody takes.
    const child = spawn(process.execPath, [BIN, ...sample(3_000_000, '--out', '-')], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    await new Promise((resolve) => child.stdout.once('readable', resolve));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const peak = peakKib(child.pid as number);
    expect(child.exitCode).toBeNull();
    if (peak !== undefined) expect(peak).toBeLessThan(200 * 1024);
    child.kill('SIGTERM');
    await ended;
    // Waiting does not keep it from ending when it is told to.
    expect(child.exitCode).toBe(143);
  });

  it('has room for one zone and for no summary', async () => {
    const refused = [
      ['sample', '--domains', '50', '--out', '-'],
      ['sample', '--domains', '50', '--out', '-', '--format', 'master', '--zones', 'com,net'],
      [...sample(50), '--out', '-', '--json'],
    ];
    for (const args of refused) {
      expect(await zonewright(args), args.join(' ')).toMatchObject({ status: 2 });
    }
  });
});
