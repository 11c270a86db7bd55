/**
 * The kernel: the loops over all octets of a zone, compiled from this folder to WebAssembly by
 * AssemblyScript, a dialect of TypeScript. What a loop here can't do at once it leaves to the
 * TypeScript that called it: every rule and every message stands there, the kernel knows the short
 * way for what nearly all of a large zone consists of.
 *
 * Addresses are octets in the instance's memory (kernel.ts). There are no objects.
 */

export { compare } from './bytes';
export { changedEnd, newEnd, openChanges, sameDelegations, scanChanges } from './changes';
export { readRows } from './csv';
export { setForbidding } from './delegation';
export { gatherPage } from './gather';
export { addHost, openHosts } from './hosts';
export { openKept } from './kept';
export { readLines } from './lines';
export { firstEntry, openMerge, runEnds, runHeads } from './merge';
export { setApex } from './names';
export { setNsec3 } from './nsec3';
export { openText } from './output';
export { openOwners } from './owners';
export { packPage, unpackPage } from './pages';
export {
  enterSigned,
  scanSigned,
  signedCount,
  signedEnd,
  signedKey,
  signedKeyLength,
  signedLines,
  signedLinesEnd,
} from './previous';
export {
  addReference,
  clearReferences,
  endOfReferences,
  hasRoom,
  openReferences,
} from './references';
export { openJobs, setChain, setSigner, writeNsec3, writeSecure } from './signed';
// The last two are called by the sort alone; as exports they stay functions of their own.
export { countDigits, deal, listEntries, sortEntries } from './sort';
export { verifyOwners } from './verify-walk';
export {
  factsOfOwner,
  hasAddressAhead,
  openHashes,
  openWalk,
  partsOfOwner,
  planOwners,
  setCut,
  setLimit,
  takenAway,
  tellWritten,
  walkState,
  writeInsecure,
  writeOwners,
} from './walk';
