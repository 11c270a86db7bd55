/** Why a previous zone can't be used as it is: a reason to go another way, never to fail. */

/** Thrown while a zone is written beside a previous one that is not what it seemed to be. */
export class PreviousFault extends Error {
  override readonly name = 'PreviousFault';
}
