/**
 * Figures of the download service for Prometheus (text format 0.0.4). Labels are from short lists:
 * never a holder, an address or a path.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Registry } from 'prom-client';

export interface ServiceMetrics {
  /** A request was answered. @param route the route's pattern, `none` for unknown paths. */
  answered(route: string, status: number): void;
  /** @param result `ok`, or the reason of the refusal. */
  signIn(how: string, result: string): void;
  downloadBegun(): void;
  /** @param result `complete`, `cut`, or `lost` (the client has gone). */
  downloadEnded(result: 'complete' | 'cut' | 'lost', bytes: number): void;
  auditFailed(): void;
  /** All of it as text. */
  text(): Promise<string>;
  readonly contentType: string;
  close(): void;
}

/** What is asked for when somebody reads the figures. */
export interface MetricsSource {
  holdersByState(): Readonly<Record<string, number>>;
  zones(): readonly { readonly zone: string; readonly serial: number; readonly age: number }[];
  connections(): number;
  passwordsWaiting(): number;
  auditFailing(): boolean;
  /** Seconds since 1970; undefined: there is no certificate. */
  certificateExpires(): number | undefined;
}

export function createMetrics(source: () => MetricsSource | undefined): ServiceMetrics {
  const registers = [new Registry()];
  const [registry] = registers;
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const requests = new Counter({
    name: 'zonewright_requests_total',
    help: 'Requests answered, by route and status.',
    labelNames: ['route', 'status'],
    registers,
  });
  const signIns = new Counter({
    name: 'zonewright_sign_ins_total',
    help: 'Tries to sign in and tokens refused, by way and result.',
    labelNames: ['how', 'result'],
    registers,
  });
  const running = new Gauge({
    name: 'zonewright_downloads_running',
    help: 'Downloads that are being sent.',
    registers,
  });
  const downloads = new Counter({
    name: 'zonewright_downloads_total',
    help: 'Replies with a file or a part of one that have ended, by result.',
    labelNames: ['result'],
    registers,
  });
  const bytes = new Counter({
    name: 'zonewright_download_bytes_total',
    help: 'Octets of files sent.',
    registers,
  });
  const auditFailures = new Counter({
    name: 'zonewright_audit_failures_total',
    help: 'Failures to write the audit log.',
    registers,
  });
  const fromSource = (
    name: string,
    help: string,
    labelNames: readonly string[],
    read: (gauge: Gauge<string>, from: MetricsSource) => void,
  ): void => {
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers,
      collect() {
        this.reset();
        const from = source();
        if (from !== undefined) read(this, from);
      },
    });
  };
  fromSource('zonewright_holders', 'Holders, by state.', ['state'], (gauge, from) => {
    for (const [state, count] of Object.entries(from.holdersByState())) gauge.set({ state }, count);
  });
  fromSource(
    'zonewright_published_serial',
    'Serial of the published generation.',
    ['zone'],
    (gauge, from) => {
      for (const { zone, serial } of from.zones()) gauge.set({ zone }, serial);
    },
  );
  fromSource(
    'zonewright_published_age_seconds',
    'Seconds since the published generation was built.',
    ['zone'],
    (gauge, from) => {
      for (const { zone, age } of from.zones()) gauge.set({ zone }, age);
    },
  );
  fromSource('zonewright_connections', 'Open connections.', [], (gauge, from) =>
    gauge.set(from.connections()),
  );
  fromSource('zonewright_password_checks_waiting', 'Password checks in line.', [], (gauge, from) =>
    gauge.set(from.passwordsWaiting()),
  );
  fromSource(
    'zonewright_audit_failing',
    '1: the audit log can not be written now, downloads are refused.',
    [],
    (gauge, from) => gauge.set(from.auditFailing() ? 1 : 0),
  );
  fromSource(
    'zonewright_certificate_expires_seconds',
    'When the certificate expires, seconds since 1970.',
    [],
    (gauge, from) => {
      const expires = from.certificateExpires();
      if (expires !== undefined) gauge.set(expires);
    },
  );
  fromSource(
    'zonewright_event_loop_delay_seconds',
    'Delay of the event loop since the last reading.',
    ['quantile'],
    (gauge) => {
      for (const quantile of [50, 99, 100]) {
        gauge.set({ quantile: String(quantile / 100) }, delay.percentile(quantile) / 1e9);
      }
      delay.reset();
    },
  );
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  running.set(0);
  return {
    answered: (route, status) => requests.inc({ route, status }),
    signIn: (how, result) => signIns.inc({ how, result }),
    downloadBegun: () => running.inc(),
    downloadEnded: (result, sent) => {
      running.dec();
      downloads.inc({ result });
      bytes.inc(sent);
    },
    auditFailed: () => auditFailures.inc(),
    text: () => registry.metrics(),
    contentType: registry.contentType,
    close: () => delay.disable(),
  };
}
