/**
 * Commands to copy: sign in, fetch, go on after an interruption, verify.
 *
 * They are for any POSIX shell with curl. No password and no token is ever an argument of a program,
 * where other users of the machine could read it: `printf` is part of the shell, and curl reads the
 * token from a file. What asks for the password is one group in parentheses, so that the shell reads
 * all of it before the first line runs, and pasted lines are not taken for the password.
 */

import { html, join, lines, type Markup, type Part } from '../../present/markup.js';
import type { HomePage } from './model.js';
import { plural } from './numbers.js';

/** One step: what it does, and what to type. */
export interface Command {
  readonly title: string;
  readonly text: Part;
  readonly code: string;
}

/** Where the token and the password are kept by the commands. */
const TOKEN_FILE = 'zfa.token';
const LOGIN_FILE = '~/.zfa-login';

/**
 * A word as a shell takes it.
 *
 * @example shellWord("it's") // "'it'\\''s'"
 */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A text and, after it, what the shell puts in: between double quotes, where the text allows that. */
function expanded(text: string, rest: string): string {
  return /^[\w@%+=:,./[\]-]*$/.test(text) ? `"${text}${rest}"` : `${shellWord(text)}"${rest}"`;
}

/** The commands for the newest bundle and the first zone; those that need neither where there is none. */
export function commandsFor(model: HomePage): readonly Command[] {
  const { origin, holder, bundles, zones, publicKey } = model;
  const [bundle] = bundles;
  const zone = zones.find(({ days }) => days.length > 0)?.zone;
  const fetch = (file: string, path: string): string =>
    `curl -f -C - -H @${TOKEN_FILE} \\\n  -o ${file} \\\n  ${shellWord(`${origin}${path}`)}`;
  const commands: Command[] = [
    {
      title: 'Sign in for 24 hours',
      text: html`Asks for your password and leaves a token in <code>${TOKEN_FILE}</code>, which only you can read. Its end does not disturb a download that runs.`,
      code: `(
  umask 077
  printf 'Password: ' >&2
  stty -echo; IFS= read -r password; stty echo; echo >&2
  printf '{"username":"%s","password":"%s"}' ${shellWord(holder.id)} "$password" |
    curl -fsS -H 'Content-Type: application/json' --data-binary @- \\
      ${shellWord(`${origin}/api/authenticate`)} |
    sed 's/.*"accessToken" *: *"\\([^"]*\\)".*/Authorization: Bearer \\1/' >${TOKEN_FILE}
)`,
    },
  ];
  if (bundle !== undefined) {
    commands.push({
      title: 'Fetch the newest bundle',
      text: 'When it is cut off, run the same command again: it goes on where it stopped. Error 416 says that nothing is missing.',
      code: fetch(shellWord(bundle.name), bundle.href),
    });
    if (bundle.encrypted !== undefined) {
      const { name, href } = bundle.encrypted;
      commands.push({
        title: 'Or fetch it encrypted',
        text: html`The last line opens it with your age identity, here in <code>age-identity.txt</code>.`,
        code: `${fetch(shellWord(name), href)}\nage -d -i age-identity.txt \\\n  -o ${shellWord(bundle.name)} ${shellWord(name)}`,
      });
    }
    commands.push({
      title: 'Verify it',
      text: 'The signature covers the manifest, which has the SHA-256 and size of each file; the MD5 files find damage on the way.',
      code: [
        `tar -xf ${shellWord(bundle.name)}`,
        'md5sum -c *.zone.gz.md5',
        ...(publicKey === undefined
          ? []
          : [`minisign -Vm manifest.json -P ${shellWord(publicKey)}`]),
      ].join('\n'),
    });
  }
  if (zone !== undefined) {
    commands.push({
      title: 'Fetch one zone',
      text: 'The interface of CZDS: programs that are made for it work unchanged, with this service’s address. Each day goes into a file of its own, so that parts of two days never mix.',
      code: fetch(
        expanded(`${zone}-`, '$(date -u +%Y%m%d).zone.gz'),
        `/czds/downloads/${zone}.zone`,
      ),
    });
  }
  commands.push(nightly(origin, holder.id));
  return commands;
}

/** A job without a person: curl reads name and password from a file of its own. */
function nightly(origin: string, id: string): Command {
  const { hostname } = new URL(origin);
  const url = expanded(origin, '/bundles/$day.tar');
  return {
    title: 'Every night by itself',
    text: html`Once: put the line <code>machine ${hostname} login ${id} password …</code> into <code>${LOGIN_FILE}</code> and take it from all others with <code>chmod 600 ${LOGIN_FILE}</code>. Then this script from cron, as often as you like: it does nothing once the day’s bundle is whole.`,
    code: `day=$(date -u +%Y%m%d)
file=${shellWord(`zfa-${id}-`)}$day.tar
[ -e "$file" ] || {
  curl -fsS -C - --netrc-file ${LOGIN_FILE} -o "$file.part" \\
    ${url} &&
  mv "$file.part" "$file"
}`,
  };
}

/** The section. */
export function commandSection(model: HomePage): Markup {
  const { publicKey, limitHours } = model;
  const limit =
    limitHours > 0 &&
    ` A file that was complete can be fetched again after ${plural(limitHours, 'hour')}; going on with a part is not counted.`;
  const steps = commandsFor(model).map(
    ({ title, text, code }, i) => html`<li><h3 id="command-${i + 1}">${title}</h3>
<p>${text}</p>
<div class="command"><pre role="group" tabindex="0" aria-labelledby="command-${i + 1}"><code data-copy="command: ${title}">${lines(code)}</code></pre></div></li>`,
  );
  return html`<section class="commands" aria-labelledby="commands">
<h2 id="commands">Commands</h2>
<p class="dim">For a shell with curl 7.55 or newer.${limit}</p>
<ol class="steps">
${join(steps)}
</ol>
${
  publicKey !== undefined &&
  html`<p>Public key of the bundles’ signatures (<a href="https://jedisct1.github.io/minisign/" rel="noreferrer">minisign</a>), also <a href="/minisign.pub">as a file</a>:</p>
<div class="command"><pre role="group" tabindex="0" aria-label="Public key"><code data-copy="public key">${publicKey}</code></pre></div>`
}
</section>`;
}
