/**
 * `zonewright zfa serve`: runs the download service until a signal ends it.
 *
 * `--json` prints {"version", "listening", "metrics"} when it listens; `metrics` is null without.
 */

import { printJson } from '../../cli/output.js';
import { endNow, SIGNAL_EXIT, takeSignal } from '../../cli/signals.js';
import type { ZfaServeOptions } from '../../cli/zfa-serve.js';
import { loadConfig } from '../../config/config.js';
import { formatDuration } from '../../config/duration.js';
import { clockNow } from '../../config/time.js';
import { openAuditWriter } from '../audit/writer.js';
import { listDays } from '../bundles/days.js';
import { findBundle, openBundle } from '../bundles/open.js';
import { keepHeapSmall } from './memory.js';
import { startService } from './server.js';

/**
 * Runs the command.
 *
 * @throws ZonewrightError as {@link startService}.
 */
export async function serveCommand(options: ZfaServeOptions): Promise<void> {
  const { reporter } = options;
  const config = loadConfig(options.config);
  // With --now the service lives in another time, which goes on from there.
  const shift = options.now - clockNow();
  const running = await startService({
    config,
    listen: options.listen,
    tls: options.tls,
    metrics: options.metrics,
    info: (text) => reporter.info(text),
    warn: (text) => reporter.warn(text),
    openAudit: (stateDir, onState) => openAuditWriter(stateDir, onState, keepHeapSmall),
    bundles: {
      days: () => listDays(config.outputDir),
      find: (date, { id }, how) => findBundle(config.outputDir, date, id, how),
      open: (date, { id }, how) => openBundle(config.outputDir, date, id, how),
    },
    clock: () => clockNow() + (Math.abs(shift) > 1 ? shift : 0),
  });
  reporter.info(
    running.metricsUrl === undefined
      ? `listening on ${running.url}`
      : `listening on ${running.url}, figures on ${running.metricsUrl}/metrics`,
  );
  if (options.json) printJson({ listening: running.url, metrics: running.metricsUrl ?? null });

  takeSignal('SIGHUP', () => running.reload());
  await new Promise<void>((resolve, reject) => {
    let ending = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      takeSignal(signal, () => {
        if (ending) endNow(SIGNAL_EXIT[signal]);
        ending = true;
        const { running: downloads } = running.service.downloads;
        reporter.info(
          downloads === 0
            ? 'ending'
            : `ending: ${downloads} downloads may go on for ${formatDuration(options.drain)}; a second signal ends now`,
        );
        running.stop(options.drain * 1000).then(resolve, reject);
      });
    }
  });
}
