/** Standard error: stages, warnings, errors with place, text and hint; nothing hostile shown. */
import { describe, expect, test, vi } from 'vitest';
import { createReporter, errorJson, errorText, printable } from '#zonewright/cli/output.js';
import { inputError } from '#zonewright/errors.js';

const PLAIN = { color: false, debug: false };

describe('errors', () => {
  const error = inputError('is not an address', {
    place: { file: 'export/hosts.csv', line: 7, field: 'fAddr' },
    text: 'ns1.example,300.1.1.1,\u001b[2Jv4',
    hint: 'correct it\nor raise max-rejects',
  });

  test('name place and field, show the text, say what to do', () => {
    expect(
      errorText(error, PLAIN),
    ).toBe(`zonewright: error: export/hosts.csv:7 (fAddr): is not an address
    ns1.example,300.1.1.1,\\x1b[2Jv4
hint: correct it
      or raise max-rejects
`);
  });

  test('as JSON', () => {
    expect(errorJson(error)).toEqual({
      error: {
        message: 'is not an address',
        file: 'export/hosts.csv',
        line: 7,
        field: 'fAddr',
        text: 'ns1.example,300.1.1.1,\u001b[2Jv4',
        hint: 'correct it\nor raise max-rejects',
        exitCode: 3,
      },
    });
    expect(errorJson(new TypeError('x'))).toEqual({
      error: { message: 'unexpected failure: x', exitCode: 1 },
    });
  });
});

describe('text from outside', () => {
  test('control characters and direction marks are made visible', () => {
    expect(printable('a\u001b[31m\r\nb\u0000\u009b\u202e')).toBe(
      'a\\x1b[31m\\x0d\\x0ab\\x00\\x9b\\u202e',
    );
    expect(printable('müller.example\t日本')).toBe('müller.example\t日本');
  });

  test('long text is cut', () => {
    expect(printable('x'.repeat(1000))).toBe(`${'x'.repeat(400)}… (1000 characters)`);
  });
});

describe('the reporter off a terminal', () => {
  function said(settings: { quiet?: boolean; verbose?: boolean }): string {
    let text = '';
    const write = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      text += String(chunk);
      return true;
    });
    const tty = process.stderr.isTTY;
    process.stderr.isTTY = false;
    try {
      const reporter = createReporter({
        quiet: false,
        verbose: false,
        color: true,
        json: false,
        ...settings,
      });
      reporter.stage('reading');
      reporter.progress(1, 2, 'records');
      reporter.progress(2, 2, 'records');
      reporter.stage('signing');
      reporter.detail('two threads');
      reporter.done('5 signatures');
      reporter.info('published');
      reporter.warn('one\u001b[0m name server');
    } finally {
      process.stderr.isTTY = tty;
      write.mockRestore();
    }
    return text.replaceAll(/\d+\.\d s/g, 'N s');
  }

  test('one line a stage, no progress, no colours', () => {
    expect(said({})).toBe(`reading (N s)
signing: 5 signatures (N s)
published
zonewright: warning: one\\x1b[0m name server
`);
  });

  test('--quiet leaves warnings', () => {
    expect(said({ quiet: true })).toBe('zonewright: warning: one\\x1b[0m name server\n');
  });

  test('--verbose says more', () => {
    expect(said({ verbose: true })).toBe(`reading …
reading (N s)
signing …
two threads
signing: 5 signatures (N s)
published
zonewright: warning: one\\x1b[0m name server
`);
  });
});
