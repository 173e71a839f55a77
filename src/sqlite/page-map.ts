import { walkFreelist } from './freelist.ts';
import { isOfSearch, makeOwners, type Owners, type Problem } from './owners.ts';
import type { Pages } from './pages.ts';
import { budget } from './patience.ts';
import { readSchema, schemaTree } from './schema.ts';
import { nothingRead, type TreeReading, type Walk, walkTree } from './walk.ts';

/** Problems that are told one by one, of the full-text index and of all else; the others are counted. */
const problemLimit = 100;

/** What was found so far is told so often. */
const progressMs = 200;

/** Leaves that are read in a millisecond, to choose how many there is time for. */
const leavesPerMs = 10;

export interface MapOptions {
  /** Reads every page: leaves, their overflow chains, and so every page that has no owner. */
  readonly whole: boolean;
  /** Milliseconds of CPU time for reading leaves where not all are, so that a busy machine reads as many. */
  readonly leafMs: number;
  /** Tells that the time for everything is over. */
  readonly hurry: () => boolean;
  /** Called with what is known so far, now and then, once there is a problem. */
  readonly onProblem?: (map: PageMap) => void;
}

/** Which page of a database belongs to what, and everything that contradicts that. */
export interface PageMap {
  readonly problems: readonly Problem[];
  /** All problems, of which `problems` may be the first ones. */
  readonly problemCount: number;
  readonly trees: readonly TreeReading[];
  readonly pages: number;
  /** Pages that were read, or whose owner names them and which hold nothing else. */
  readonly pagesRead: number;
  /** Every pointer between interior pages and of the freelist was followed. */
  readonly isMapped: boolean;
  /** Every page was read, so that one without an owner is told. */
  readonly isWhole: boolean;
  /** Null where the database is too large to be mapped. */
  readonly owners: Owners | null;
}

/** Maps a database. Takes memory of two bytes a page and time in the number of pages that it reads. */
export function mapPages(pages: Pages, { whole, leafMs, hurry, onProblem }: MapOptions): PageMap {
  const schema = readSchema(pages);
  const trees = [schemaTree, ...schema.trees].map((tree): TreeReading => ({ ...tree, ...nothingRead }));
  const owners = makeOwners(pages, trees);
  const problems: Problem[] = [];
  let problemCount = 0;
  const told = { search: 0, other: 0 };
  let trunks = 0;
  const result = (isMapped: boolean): PageMap => {
    const isWhole =
      isMapped && trees.every(({ leaves, leavesRead, problems }) => leaves === leavesRead && problems === 0);
    const pagesRead = trees.reduce(
      (sum, { interior, leavesRead, overflow }) => sum + interior + leavesRead + overflow,
      trunks,
    );
    return { problems, problemCount, trees, pages: pages.count, pagesRead, isMapped, isWhole, owners };
  };
  let toldAt = 0;
  const tell = (problem: Problem): void => {
    problemCount += 1;
    // Many of the full-text index must not hide one of the events.
    const kind = isOfSearch(problem) ? 'search' : 'other';
    told[kind] += 1;
    if (told[kind] <= problemLimit) problems.push(problem);
    if (!onProblem || performance.now() < toldAt + progressMs) return;
    onProblem(result(false));
    toldAt = performance.now();
  };
  for (const text of schema.problems) tell({ kind: 'schema', page: 1, trees: [schemaTree], text });
  if (!owners) return result(false);
  const walk: Walk = { pages, owners, tell, hurry };
  trunks = walkFreelist(pages, owners, tell, hurry);
  let isMapped = schema.complete && !hurry();
  for (const tree of trees) isMapped = walkTree(walk, tree, { claim: true, readLeaf: () => whole }) && isMapped;
  if (!whole) readSomeLeaves(walk, trees, leafMs);
  tellMissing(pages, owners, tell);
  if (problemCount === 0 && result(isMapped).isWhole) tellUnowned(pages, owners, tell);
  return result(isMapped);
}

/**
 * As many leaves as there is time for: first small trees whole, then leaves of the others, spread evenly over the file.
 * What was read of them is told by `leavesRead`.
 */
function readSomeLeaves({ hurry, ...walk }: Walk, trees: readonly TreeReading[], leafMs: number): void {
  const isSpent = budget(leafMs);
  const isOver = (): boolean => hurry() || isSpent();
  const some = { ...walk, hurry: isOver };
  const all = leafMs * leavesPerMs;
  let left = all;
  const small = trees.toSorted((a, b) => a.leaves - b.leaves).filter(({ leaves }) => leaves <= all / 10);
  for (const tree of small) {
    if (tree.leaves > left / 2) break;
    walkTree(some, tree, { claim: false, readLeaf: () => true });
    left -= tree.leaves;
  }
  const step = Math.max(1, walk.pages.count / left);
  for (let at = 1; at <= walk.pages.count && !isOver(); at += step) {
    const owner = walk.owners.of(Math.floor(at));
    const tree = trees.find((tree) => tree === owner?.tree);
    if (tree && owner?.use === 'leaf' && tree.leavesRead < tree.leaves)
      walkTree(some, tree, { claim: false, readLeaf: () => true, root: Math.floor(at) });
  }
}

function tellUnowned(pages: Pages, owners: Owners, tell: (problem: Problem) => void): void {
  const missing = pages.count - owners.claimed();
  if (missing === 0) return;
  let first = 1;
  while (owners.of(first)) first += 1;
  const text = `${missing} pages belong to nothing, the first of them page ${first}`;
  tell({ kind: 'unowned', page: first, trees: [], text });
}

/** Pages that the files do not reach to. Free ones may be in neither the WAL nor, before a checkpoint, the main file. */
function tellMissing(pages: Pages, owners: Owners, tell: (problem: Problem) => void): void {
  let [missing, first] = [0, 0];
  for (let page = pages.count; page > pages.mainPages; page -= 1) {
    if (pages.frameOf(page) >= 0 || (pages.hasFrames && owners.of(page)?.use === 'free')) continue;
    missing += 1;
    first = page;
  }
  const older = pages.hasFrames ? ', which its WAL does not hold either: it was cut off, or is older than the WAL' : '';
  const text = `the file ends before page ${first} of ${pages.count}${older}`;
  if (missing > 0) tell({ kind: 'unreadable', page: first, trees: [], text });
}
