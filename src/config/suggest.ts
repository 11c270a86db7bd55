/** The nearest of the words that would have been right, for "did you mean". */

/**
 * The candidate nearest to `word` by edits (insert, delete, replace, swap neighbours), when it
 * is near enough to be a slip of the finger.
 *
 * @example nearest('algoritm', ['algorithm', 'zonemd']) // 'algorithm'
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase().replaceAll('_', '-');
  let best: string | undefined;
  let bestDistance = Math.min(3, Math.ceil(wanted.length * 0.4)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

/** Optimal string alignment distance, two rows at a time plus the one before for swaps. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let d = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        d = Math.min(d, before[j - 2] + 1);
      }
      row.push(d);
    }
    before = above;
    above = row;
  }
  return above[b.length];
}
