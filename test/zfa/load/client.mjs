/**
 * Many downloads at once, as a program of its own so that the server has a processor for itself:
 * each is throttled and cut at random, resumed where it stood, and compared octet for octet with the
 * file that it should be: the first octets of `reference`, which are the same for all, and then the
 * client's own. Prints one JSON object.
 *
 *     node client.mjs PLAN.json
 *
 * with {"port", "tls", "path", "reference", "shared", "clients": [{"token", "own" (base64)}], "each",
 * "cuts", "seed"}. Each client runs `each` downloads at once; `cuts` is how often one is cut, at most.
 */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const plan = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const reference = readFileSync(plan.reference).subarray(0, plan.shared);
const { Agent, request } = plan.tls ? https : http;
const agent = new Agent({
  keepAlive: true,
  maxSockets: Number.POSITIVE_INFINITY,
  rejectUnauthorized: false,
});

/** A small generator of numbers from 0 to 1 (xorshift), so that a run can be repeated. */
let state = plan.seed >>> 0 || 1;
const random = () => {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
};

const result = { complete: 0, wrong: [], cut: 0, requests: 0, octets: 0, refused: {} };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Is this what stands at `at` of a client's file? */
function isRight(piece, at, own) {
  const inShared = Math.max(0, Math.min(piece.length, reference.length - at));
  if (inShared > 0 && reference.compare(piece, 0, inShared, at, at + inShared) !== 0) return false;
  const from = Math.max(0, at - reference.length);
  const rest = piece.length - inShared;
  return rest === 0 || own.compare(piece, inShared, piece.length, from, from + rest) === 0;
}

/** One request from `offset` on, ended at `until` by a cut. @returns where the download stands. */
function fetchFrom({ token, own }, offset, until, pause, seen) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    if (offset > 0) {
      headers.range = `bytes=${offset}-`;
      if (random() < 0.5) headers['if-range'] = seen.etag;
    }
    result.requests++;
    const sent = request(
      { host: '127.0.0.1', port: plan.port, path: plan.path, headers, agent },
      (answer) => {
        const wanted = offset > 0 ? 206 : 200;
        if (answer.statusCode !== wanted) {
          result.refused[answer.statusCode] = (result.refused[answer.statusCode] ?? 0) + 1;
          answer.resume();
          answer.on('end', () => reject(new Error(`status ${answer.statusCode}`)));
          return;
        }
        seen.etag = answer.headers.etag;
        let at = offset;
        answer.on('data', (piece) => {
          if (!isRight(piece, at, own)) {
            result.wrong.push(at);
            sent.destroy();
            reject(new Error(`wrong octets at ${at}`));
            return;
          }
          at += piece.length;
          result.octets += piece.length;
          if (at >= until) {
            result.cut++;
            sent.destroy();
            resolve(at);
          } else if (pause > 0) {
            answer.pause();
            setTimeout(() => answer.resume(), pause);
          }
        });
        answer.on('end', () => resolve(at));
        answer.on('error', () => resolve(at));
      },
    );
    sent.on('error', (error) => reject(error));
    sent.end();
  });
}

async function download(client) {
  const size = reference.length + client.own.length;
  const seen = { etag: undefined };
  let offset = 0;
  let cuts = Math.floor(random() * (plan.cuts + 1));
  // One in eight is slow.
  const pause = random() < 0.125 ? 1 + random() * 10 : 0;
  while (offset < size) {
    const rest = size - offset;
    const until = cuts-- > 0 ? offset + Math.ceil(random() * rest) : Number.POSITIVE_INFINITY;
    try {
      offset = await fetchFrom(client, offset, until, pause, seen);
    } catch (error) {
      if (result.wrong.length > 0 || !/ECONN|EPIPE|socket hang up/.test(String(error))) throw error;
      await sleep(50);
    }
  }
  result.complete++;
}

const began = performance.now();
await Promise.all(
  plan.clients
    .map(({ token, own }) => ({ token, own: Buffer.from(own, 'base64') }))
    .flatMap((client) => Array.from({ length: plan.each }, () => download(client))),
).catch((error) => {
  result.error = String(error);
});
result.seconds = (performance.now() - began) / 1000;
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
