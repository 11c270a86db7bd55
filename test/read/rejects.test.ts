/** Rejected records are counted, written to a file, and end the run when there are too many. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRejects, type Reject } from '#zonewright/read/rejects.js';
import { tempFolder } from './deposit.js';

const reject = (line: number, text = 'a_b.example,"x"\n'): Reject => ({
  file: 'domain.csv',
  line,
  field: 'fName',
  reason: 'is bad, "very"',
  text,
});

function failure(
  work: () => void,
): { exitCode: number; message: string; hint: string } | undefined {
  try {
    work();
  } catch (error) {
    return error as { exitCode: number; message: string; hint: string };
  }
  return undefined;
}

describe('the rejects of a run', () => {
  it('are written as CSV (RFC 4180)', () => {
    const path = join(tempFolder(), 'rejects.csv');
    const rejects = createRejects(10, path);
    expect(existsSync(path)).toBe(false);
    rejects.add(reject(3));
    rejects.add({ ...reject(4, 'plain'), reason: 'is bad', line: undefined });
    rejects.close();
    expect(rejects.count()).toBe(2);
    expect(readFileSync(path, 'utf8')).toBe(
      'file,line,field,reason,text\n' +
        'domain.csv,3,fName,"is bad, ""very""","a_b.example,""x""\n"\n' +
        'domain.csv,,fName,is bad,plain\n',
    );
  });

  it('end the run with exit 3 beyond the limit, naming the first ones', () => {
    const path = join(tempFolder(), 'rejects.csv');
    const rejects = createRejects(3, path);
    for (const line of [1, 2, 3]) rejects.add(reject(line));
    const error = failure(() => rejects.add(reject(4)));
    expect(error).toMatchObject({ exitCode: 3, message: expect.stringContaining('more than 3') });
    expect(error?.hint).toContain(path);
    for (const line of [1, 2, 3, 4]) expect(error?.hint).toContain(`domain.csv:${line} (fName)`);
    // What is there to look at is in the file already.
    expect(readFileSync(path, 'utf8').match(/^domain/gm)).toHaveLength(4);
  });

  it('name the one when none is allowed', () => {
    const error = failure(() => createRejects(0).add(reject(7)));
    expect(error).toMatchObject({
      exitCode: 3,
      place: { file: 'domain.csv', line: 7, field: 'fName' },
      text: 'a_b.example,"x"\n',
    });
  });
});
