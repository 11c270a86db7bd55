/** `zonewright zfa serve`: the flags of the download service. */

import { type Command, Option } from 'commander';
import { LISTEN_FORM, type ListenAddress, parseListenAddress } from '../config/listen-address.js';
import { usageError } from '../errors.js';
import { type CommonOptions, commonOptions, durationFlag, finish, flagOf } from './common.js';
import { loadWork } from './lazy.js';

/** `zonewright zfa serve`; see src/zfa/service/command.ts. */
export interface ZfaServeOptions extends CommonOptions {
  readonly listen: ListenAddress;
  /** PEM files; undefined: plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly metrics: ListenAddress | undefined;
  /** Seconds that running downloads may go on after the signal to end. */
  readonly drain: number;
}

interface Flags {
  listen: ListenAddress;
  tlsCert?: string;
  tlsKey?: string;
  plain?: true;
  metrics?: ListenAddress;
  drain: number;
}

const HOUR = 3600;
const addressFlag = flagOf(parseListenAddress, LISTEN_FORM);

/** Registers the commands below `zfa`. */
export function addServeCommand(zfa: Command): void {
  zfa
    .command('serve')
    .summary('the download service, for CZDS clients, browsers and curl')
    .description(
      'Serves the published zones and bundles to holders: the interface of CZDS, /bundles/, /files/ and a portal. Runs until SIGTERM or SIGINT: then it stops to listen at once, lets downloads go on (--drain) and ends; a second signal ends it now. SIGHUP reads the certificate again (it is read by itself, too, when its files change). The configuration is read at the start only.',
    )
    .requiredOption('--listen <ADDR:PORT>', 'where to listen, e.g. 0.0.0.0:443', addressFlag)
    .option('--tls-cert <F>', 'certificate and those above it, PEM')
    .option('--tls-key <F>', 'its private key, PEM')
    .option('--plain', 'without TLS; on loopback only, behind a proxy on this machine')
    .option('--metrics <ADDR:PORT>', 'serve figures for Prometheus there, at /metrics', addressFlag)
    .addOption(
      new Option('--drain <DURATION>', 'how long downloads may go on at the end')
        .argParser(durationFlag)
        .default(HOUR, 'PT1H'),
    )
    .addHelpText(
      'after',
      `
Examples:
  zonewright zfa serve --listen 0.0.0.0:443 --tls-cert fullchain.pem --tls-key privkey.pem
  zonewright zfa serve --listen 127.0.0.1:8080 --plain --metrics 127.0.0.1:9100

  curl -u ID -OJ https://zfa.example/bundles/latest.tar      (curl asks for the password)
  curl -u ID -C - -O https://zfa.example/bundles/20261122.tar   (goes on where it broke off)

With --json, one object at the start: {"version", "listening", "metrics"}, so that a script that
chose port 0 knows the port.`,
    )
    .action(async (flags: Flags, command: Command) => {
      const options: ZfaServeOptions = {
        ...commonOptions(command),
        listen: flags.listen,
        tls: tlsOf(flags),
        metrics: flags.metrics,
        drain: flags.drain,
      };
      const run = await loadWork<ZfaServeOptions>('zfa/service/command.js', 'serveCommand');
      finish(await run(options));
    });
}

function tlsOf({ tlsCert, tlsKey, plain }: Flags): ZfaServeOptions['tls'] {
  const files = tlsCert !== undefined || tlsKey !== undefined;
  if (plain && files) throw usageError('--plain and a certificate exclude each other');
  if (plain) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw usageError(
      files
        ? 'a certificate needs its key, and a key its certificate'
        : 'passwords need TLS: no certificate given',
      {
        hint: 'give --tls-cert FILE and --tls-key FILE; or --plain on loopback, behind a proxy that does TLS',
      },
    );
  }
  return { cert: tlsCert, key: tlsKey };
}
