/** The files of a generation that its holders get, and how they are called outside of it. */

export interface SharedFile {
  /** As holders know it, in bundles and paths: `com.added.txt.gz`. */
  readonly name: string;
  /** In the generation's folder: `added.txt.gz`. */
  readonly stored: string;
}

/** The shared files of a zone, in the order of a bundle. @param label the zone's. */
export function sharedFiles(label: string): readonly SharedFile[] {
  const zone = `${label}.zone.gz`;
  return [
    { name: zone, stored: zone },
    { name: `${zone}.md5`, stored: `${zone}.md5` },
    { name: `${label}.added.txt.gz`, stored: 'added.txt.gz' },
    { name: `${label}.removed.txt.gz`, stored: 'removed.txt.gz' },
  ];
}
