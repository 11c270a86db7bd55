/** Who runs this process, for the logs. */

import { userInfo } from 'node:os';

/** The user's name; of one that has none, the number. */
export function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have a number only.
    return `uid ${process.getuid?.() ?? '?'}`;
  }
}
