/** Which statuses forbid a delegation (RFC 5731 §2.3, RFC 3915, .com Appendix 7 §3). */
import { describe, expect, it } from 'vitest';
import {
  FORBIDDING,
  mayDelegate,
  STATUS,
  STATUSES,
  statusFromBytes,
  statusFromText,
  statusNames,
  statusOf,
} from '#zonewright/zone/status.js';

const code = (text: string, vocabulary: 'epp' | 'rgp'): number =>
  statusFromBytes(Buffer.from(`x${text}`), 1, text.length + 1, vocabulary);

// RFC 5731 §4, statusValueType, and `linked` of RFC 5732.
const EPP_ALLOWED =
  'ok linked pendingRenew pendingTransfer pendingUpdate clientDeleteProhibited clientRenewProhibited clientTransferProhibited clientUpdateProhibited serverDeleteProhibited serverRenewProhibited serverTransferProhibited serverUpdateProhibited';
const EPP_FORBIDDING = 'clientHold serverHold pendingCreate pendingDelete inactive';
// RFC 3915 §5, statusValueType.
const RGP_ALLOWED = 'addPeriod autoRenewPeriod renewPeriod transferPeriod';
const RGP_FORBIDDING = 'redemptionPeriod pendingRestore pendingDelete';

describe('statuses', () => {
  it('are known in any case, each in its vocabulary', () => {
    for (const name of `${EPP_ALLOWED} ${EPP_FORBIDDING}`.split(' ')) {
      expect(statusOf(code(name, 'epp'))).toMatchObject({ name, vocabulary: 'epp' });
      expect(code(name.toUpperCase(), 'epp')).toBe(code(name, 'epp'));
    }
    for (const name of `${RGP_ALLOWED} ${RGP_FORBIDDING}`.split(' ')) {
      expect(statusOf(code(name, 'rgp'))).toMatchObject({ name, vocabulary: 'rgp' });
    }
    expect(STATUSES).toHaveLength(18 + 7);
    expect(new Set(STATUSES.map((s) => s.code)).size).toBe(STATUSES.length);
  });

  it('are refused when they are not in the table', () => {
    for (const name of ['', 'okay', 'o', 'hold', 'clientHold ', 'redemptionPeriod', '@k']) {
      expect(code(name, 'epp')).toBe(-1);
    }
    expect(code('ok', 'rgp')).toBe(-1);
  });

  it('of a list without vocabularies are EPP first, then RGP', () => {
    expect(statusFromText('pendingDelete')).toBe(STATUS.pendingDelete);
    expect(statusFromText('RGP:pendingDelete')).toBe(STATUS.rgpPendingDelete);
    expect(statusFromText('redemptionPeriod')).toBe(STATUS.rgpRedemptionPeriod);
    expect(statusFromText('rgp:ok')).toBe(-1);
    expect(statusFromText('nonsense')).toBe(-1);
  });
});

describe('mayDelegate', () => {
  const mask = (epp: string, rgp = ''): number =>
    [...epp.split(' ').map((s) => code(s, 'epp')), ...rgp.split(' ').map((s) => code(s, 'rgp'))]
      .filter((c) => c >= 0)
      .reduce((m, c) => m | (1 << c), 0);

  it('follows the table, one status at a time and together', () => {
    expect(mayDelegate(0, false)).toBe(true);
    expect(mayDelegate(mask(EPP_ALLOWED, RGP_ALLOWED), false)).toBe(true);
    for (const name of EPP_FORBIDDING.split(' ')) {
      expect(mayDelegate(mask(name), true)).toBe(false);
      expect(mayDelegate(mask(`${EPP_ALLOWED} ${name}`), false)).toBe(false);
    }
    for (const name of RGP_FORBIDDING.split(' ')) {
      expect(mayDelegate(mask('ok', name), false)).toBe(false);
    }
    expect(mayDelegate(1 << STATUS.unknown, true)).toBe(false);
    expect(FORBIDDING & mask(EPP_ALLOWED, RGP_ALLOWED)).toBe(0);
  });

  it('publishes a pending restore on request, and nothing else with it', () => {
    const restoring = mask('pendingDelete', 'pendingRestore');
    expect(mayDelegate(restoring, false)).toBe(false);
    expect(mayDelegate(restoring, true)).toBe(true);
    for (const other of ['clientHold', 'serverHold', 'pendingCreate']) {
      expect(mayDelegate(restoring | mask(other), true)).toBe(false);
    }
    expect(mayDelegate(restoring | mask('ok', 'redemptionPeriod'), true)).toBe(false);
    expect(mayDelegate(mask('pendingDelete', 'pendingDelete'), true)).toBe(false);
  });

  it('names statuses for messages', () => {
    expect(statusNames(mask('ok serverHold', 'pendingDelete'))).toEqual([
      'ok',
      'serverHold',
      'rgp:pendingDelete',
    ]);
  });
});
