/** The files of a generation that its holders get, and how they are called outside of it. */

import { ADDED, REMOVED } from '../publish/generation.js';

export interface SharedFile {
  /** As holders know it, in bundles and paths: `com.added.txt.gz`. */
  readonly name: string;
  /** In the generation's folder: `added.txt.gz`. */
  readonly stored: string;
}

/** The shared files of a zone, in the order of a bundle. @param label the zone's. */
export function sharedFiles(label: string): readonly SharedFile[] {
  const zone = `${label}.zone.gz`;
  const { added, removed } = changeListNames(label);
  return [
    { name: zone, stored: zone },
    { name: `${zone}.md5`, stored: `${zone}.md5` },
    { name: added, stored: ADDED },
    { name: removed, stored: REMOVED },
  ];
}

/** What the lists of a zone are called outside of its generation. */
export function changeListNames(label: string): {
  readonly added: string;
  readonly removed: string;
} {
  return { added: `${label}.${ADDED}`, removed: `${label}.${REMOVED}` };
}

/** Is it one of {@link changeListNames}? */
export function isChangeList(label: string, name: string): boolean {
  return Object.values(changeListNames(label)).includes(name);
}
