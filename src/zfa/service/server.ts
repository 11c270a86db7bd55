/**
 * The download service, put together: what its parts need of each other, and the server they hang
 * on. Numbers that bound it are in {@link SERVICE_LIMITS}; the clock and they can be given, so that
 * tests need not wait.
 */

import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { isLoopback, type ListenAddress, listenText } from '../../config/listen-address.js';
import type { Config } from '../../config/model.js';
import { usageError } from '../../errors.js';
import { logEvents } from '../audit/log.js';
import type { AuditWriter } from '../audit/writer.js';
import { type Database, openDatabase } from '../database/open.js';
import { makeZfaFolder } from '../places.js';
import { createPublishedZones } from '../published.js';
import { SERVICE_BEGAN } from '../report/report.js';
import { createServiceAudit } from './audit.js';
import { AUTH_LIMITS, type AuthLimits, createAuthentication } from './auth.js';
import { authenticateRoutes } from './authenticate-routes.js';
import { createBuffers } from './buffers.js';
import { type BundleStore, bundleRoutes } from './bundle-routes.js';
import { watchConnections } from './connections.js';
import { createDownloads } from './download.js';
import { createDownloadRecords } from './download-records.js';
import { createEndedSessions } from './ended-sessions.js';
import { createFamiliar } from './familiar.js';
import { healthRoutes } from './health-routes.js';
import { createHolderDirectory } from './holder-directory.js';
import { attempt, type Chore, listen, quietly, startChores, waitForNone } from './lifecycle.js';
import { createMetrics, type MetricsSource } from './metrics.js';
import { portalRoutes } from './portal-routes.js';
import { createResponder } from './respond.js';
import { createRouter } from './router.js';
import { straightWays } from './sendfile.js';
import type { Service } from './service.js';
import { readCertificate, type TlsFiles, watchCertificate } from './tls.js';
import { createTokens, tokenSecret } from './tokens.js';
import { createTransfers } from './transfer.js';
import { zoneRoutes } from './zone-routes.js';

/** Bounds of the service; times in milliseconds unless they say otherwise. */
export interface ServiceLimits extends AuthLimits {
  /** Connections at a time. */
  readonly connections: number;
  /** Octets of a request's head. */
  readonly head: number;
  /** For the head, and for the TLS handshake. */
  readonly headTime: number;
  /** For all of a request. */
  readonly requestTime: number;
  /** Between two requests. */
  readonly idleTime: number;
  /** Without an octet being taken by the client. */
  readonly stallTime: number;
  /** Octets that downloads are sent from, in all. */
  readonly buffers: number;
  /** For another process that changes the database. */
  readonly patience: number;
  /** How often holders are looked at for what has to stop. */
  readonly watchEvery: number;
  /** How often what was counted is written. */
  readonly flushEvery: number;
  /** How often the certificate's files are looked at. */
  readonly certificateEvery: number;
}

export const SERVICE_LIMITS: ServiceLimits = {
  ...AUTH_LIMITS,
  connections: 4096,
  head: 8192,
  headTime: 10_000,
  requestTime: 30_000,
  idleTime: 15_000,
  stallTime: 60_000,
  buffers: 24 << 20,
  patience: 50,
  watchEvery: 200,
  flushEvery: 1000,
  certificateEvery: 5000,
};

export interface ServeOptions {
  readonly config: Config;
  readonly listen: ListenAddress;
  /** undefined: plain HTTP, on loopback only. */
  readonly tls: TlsFiles | undefined;
  /** Where the figures are read; undefined: nowhere. */
  readonly metrics: ListenAddress | undefined;
  readonly info: (text: string) => void;
  readonly warn: (text: string) => void;
  /** Opens the audit log. @param onState told when it can't be written, and when it can again. */
  readonly openAudit: (
    stateDir: string,
    onState: (error: Error | undefined) => void,
  ) => AuditWriter;
  readonly bundles: BundleStore;
  /** Seconds since 1970. */
  readonly clock: () => number;
  readonly limits?: Partial<ServiceLimits>;
}

/** A service that runs. */
export interface RunningService {
  /** `https://127.0.0.1:8443`. */
  readonly url: string;
  readonly metricsUrl: string | undefined;
  readonly service: Service;
  /** Looks at the certificate's files now. */
  reload(): void;
  /**
   * Ends it: closes the listeners at once, lets downloads go on, writes what was counted.
   *
   * @param drain milliseconds that downloads may go on.
   * @param hurry resolved: end now all the same.
   */
  stop(drain: number, hurry?: Promise<void>): Promise<void>;
}

/**
 * Starts the service.
 *
 * @throws ZonewrightError: exit 2 for addresses and certificates that can't be used, or for plain
 *   HTTP elsewhere than on loopback; 4 for a damaged database or secret.
 */
export async function startService(options: ServeOptions): Promise<RunningService> {
  const { config, clock, info, tls } = options;
  const warn = quietly(options.warn);
  const limits: ServiceLimits = { ...SERVICE_LIMITS, ...options.limits };
  if (tls === undefined && !isLoopback(options.listen)) {
    throw usageError(`${listenText(options.listen)} is not loopback: passwords need TLS there`, {
      hint: 'give --tls-cert and --tls-key; or listen on 127.0.0.1 and let a reverse proxy on this machine do TLS',
    });
  }
  const certificate = tls === undefined ? undefined : readCertificate(tls);
  const secret = tokenSecret(makeZfaFolder(config.stateDir).tokenKey);
  const db = openDatabase(config.stateDir);
  logEvents(db, config.stateDir);
  // All requests stand still while a call waits: what is busy now is done a second later.
  db.sql(`PRAGMA busy_timeout = ${limits.patience}`).get();

  let auditError: Error | undefined;
  const sink = options.openAudit(config.stateDir, (error) => {
    if (error !== undefined) {
      metrics.auditFailed();
      if (auditError === undefined) {
        warn(`the audit log can't be written, downloads are refused: ${error.message}`);
      }
    } else if (auditError !== undefined) {
      warn('the audit log can be written again');
    }
    auditError = error;
  });
  const audit = createServiceAudit(sink, clock);
  const auditFailing = (): boolean => auditError !== undefined;
  const holders = createHolderDirectory(db);
  const labels = config.zones.map((zone) => zone.label);
  const published = createPublishedZones(config.outputDir, labels, warn);
  const source: { from?: MetricsSource } = {};
  const metrics = createMetrics(() => source.from);
  const familiar = createFamiliar(db);
  const records = createDownloadRecords(db);
  const ended = createEndedSessions(db);
  const auth = createAuthentication({
    db,
    zfa: config.zfa,
    holders,
    tokens: createTokens(secret),
    ended,
    familiar,
    audit,
    metrics,
    clock,
    limits,
  });
  const downloads = createDownloads({
    zfa: config.zfa,
    holders,
    records,
    audit,
    auditFailing,
    metrics,
    clock,
    warn,
  });
  const service: Service = {
    config,
    db,
    clock,
    holders,
    auth,
    published,
    bundles: options.bundles,
    downloads,
    audit,
    auditFailing,
    metrics,
    warn,
  };

  const serverOptions = {
    maxHeaderSize: limits.head,
    headersTimeout: limits.headTime,
    requestTimeout: limits.requestTime,
    keepAliveTimeout: limits.idleTime,
    connectionsCheckingInterval: Math.min(1000, limits.headTime),
  };
  const server: Server =
    certificate === undefined
      ? createHttpServer(serverOptions)
      : createTlsServer({
          ...serverOptions,
          ...certificate.context,
          handshakeTimeout: limits.headTime,
        });
  // Ends idle connections and stalled downloads: Node counts octets that the kernel has taken.
  server.timeout = limits.stallTime;
  server.maxHeadersCount = 100;
  let draining = false;
  const connections = watchConnections(server, limits.connections);
  const transfers = createTransfers(createBuffers(limits.buffers), straightWays());
  const respond = createResponder({
    zfa: config.zfa,
    route: createRouter([
      ...authenticateRoutes(service),
      ...zoneRoutes(service),
      ...bundleRoutes(service),
      ...healthRoutes(service),
      ...portalRoutes(service),
    ]),
    connections,
    transfers,
    metrics,
    clock,
    tls: tls !== undefined,
    stallTime: limits.stallTime,
    before: () => {
      if (holders.refresh()) downloads.recheck();
    },
    draining: () => draining,
    warn,
  });
  server.on('request', respond);
  server.on('checkContinue', (incoming, outgoing) => {
    // Nobody is asked to send what is too much.
    if (Number(incoming.headers['content-length'] ?? 0) <= limits.head) outgoing.writeContinue();
    respond(incoming, outgoing);
  });

  let expires = certificate?.expires;
  const watch =
    tls === undefined
      ? undefined
      : watchCertificate(
          tls,
          (fresh) => {
            (server as TlsServer).setSecureContext(fresh.context);
            expires = fresh.expires;
          },
          {
            info,
            warn,
          },
        );
  source.from = {
    holdersByState: () =>
      Object.fromEntries(
        db
          .sql('SELECT state, count(*) AS number FROM holders GROUP BY state')
          .all()
          .map((row) => [row.state as string, row.number as number]),
      ),
    zones: () =>
      labels.flatMap((zone) => {
        const current = published.current(zone);
        if (current === undefined) return [];
        return [{ zone, serial: current.serial, age: clock() - current.buildTime }];
      }),
    connections: () => connections.open,
    passwordsWaiting: () => auth.waiting,
    auditFailing,
    certificateExpires: () => expires,
  };

  const metricsServer = options.metrics === undefined ? undefined : createMetricsServer(service);
  let address: ListenAddress;
  let metricsAddress: ListenAddress | undefined;
  try {
    address = await listen(server, options.listen);
    if (metricsServer !== undefined) {
      metricsAddress = await listen(metricsServer, options.metrics!);
    }
  } catch (error) {
    server.close();
    metricsServer?.close();
    metrics.close();
    await audit.close();
    db.close();
    throw error;
  }
  for (const one of [server, metricsServer]) {
    one?.on('error', (error) => warn(`the listener: ${error.message}`));
  }

  const began = clock();
  let beginNoted = false;
  const flush = (): void => {
    // Not before it listens: one that could not has not run.
    if (!beginNoted) noteBegin(db, began);
    beginNoted = true;
    records.flush();
    familiar.flush();
    ended.flush(clock());
  };
  const flushing: Chore = {
    every: limits.flushEvery,
    what: 'writing what was downloaded',
    run: flush,
  };
  attempt(flushing, warn);
  const endChores = startChores(
    [
      {
        every: limits.watchEvery,
        what: 'looking at the holders',
        run: () => {
          holders.refresh();
          // Access also ends by time, without any change.
          downloads.recheck();
        },
      },
      flushing,
      {
        every: limits.flushEvery,
        what: 'writing the audit log',
        run: () => {
          audit.tick();
          // What the portal, or a command that was killed, could not write with its change.
          logEvents(db, config.stateDir);
        },
      },
      {
        every: limits.certificateEvery,
        what: 'looking at the certificate',
        run: () => watch?.look(true),
      },
    ],
    warn,
  );
  const scheme = tls === undefined ? 'http' : 'https';
  const url = `${scheme}://${listenText(address)}`;
  audit.note('service-started', { listening: url });

  return {
    url,
    metricsUrl: metricsAddress === undefined ? undefined : `http://${listenText(metricsAddress)}`,
    service,
    reload: () => watch?.look(false),
    stop: async (drain, hurry = new Promise(() => undefined)) => {
      draining = true;
      const closed = [server, metricsServer].map(
        (one) =>
          new Promise<void>((resolve) =>
            one === undefined ? resolve() : one.close(() => resolve()),
          ),
      );
      metricsServer?.closeAllConnections();
      connections.drain();
      await waitForNone(() => transfers.running, drain, hurry);
      downloads.cutAll('the service ends');
      // What was just answered may still be on its way out.
      await waitForNone(() => connections.open, drain === 0 ? 0 : 1000, hurry);
      connections.destroyAll();
      await Promise.all(closed);
      await waitForNone(() => transfers.running, 5000, new Promise(() => undefined));
      endChores();
      try {
        // Nobody waits for an answer any more.
        db.sql('PRAGMA busy_timeout = 10000').get();
        flush();
      } catch (error) {
        warn(`writing what was downloaded: ${(error as Error).message}`);
      }
      audit.note('service-stopped');
      await audit.close();
      metrics.close();
      db.close();
    },
  };
}

/** The figures have a listener of their own: who may read them is a question of the network. */
function createMetricsServer({ metrics }: Service): Server {
  const server = createHttpServer(
    { maxHeaderSize: 8192, requestTimeout: 10_000, headersTimeout: 10_000 },
    (incoming, outgoing) => {
      if (incoming.url !== '/metrics' || incoming.method !== 'GET') {
        outgoing.writeHead(404).end();
        return;
      }
      metrics.text().then(
        (text) => outgoing.writeHead(200, { 'Content-Type': metrics.contentType }).end(text),
        () => outgoing.writeHead(500).end(),
      );
    },
  );
  server.timeout = 30_000;
  return server;
}

/** When the service ran for the first time: before it, nothing is known of downloads. */
function noteBegin(db: Database, now: number): void {
  db.sql('INSERT OR IGNORE INTO facts (name, value) VALUES (?, ?)').run(SERVICE_BEGAN, `${now}`);
}
