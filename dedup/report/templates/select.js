// Which pairs are in the list, and in which order.

const ORDERS = {
  size: (x, y) => y.size - x.size || x.kept - y.kept || y.words - x.words || x.pair - y.pair,
  words: (x, y) => y.words - x.words || x.pair - y.pair,
  alike: (x, y) => y.jaccard - x.jaccard || x.pair - y.pair,
  unlike: (x, y) => x.jaccard - y.jaccard || x.pair - y.pair,
  newest: (x, y) => y.time - x.time || x.pair - y.pair,
  oldest: (x, y) => (x.time < 0) - (y.time < 0) || x.time - y.time || x.pair - y.pair,
  id: (x, y) => x.pair - y.pair,
};

// The words of a search, and phrases in quotation marks.
function terms(search) {
  return [...search.toLowerCase().matchAll(/"([^"]+)"?|(\S+)/g)].map((found) => found[1] ?? found[2]).filter(Boolean);
}

// For each term which stories have it; null if a newer search began meanwhile.
async function storiesWith(wanted, isStale) {
  const total = data.stories.id.length;
  const found = wanted.map(() => new Uint8Array(total));
  let rested = performance.now();
  for (let story = 0; story < total; story++) {
    const text = (data.lowered[story] ??= await data.searchable(story));
    wanted.forEach((term, at) => { found[at][story] = text.includes(term) ? 1 : 0; });
    if (performance.now() - rested > 40) {
      await breath();
      if (isStale()) return null;
      rested = performance.now();
    }
  }
  return found;
}

function fitsView(view, pair, seen) {
  if (view === "all") return true;
  if (view === "overlaps") return data.between[pair] === 1;
  if (!data.removal[pair]) return false;
  if (view === "removals") return true;
  const kept = data.sides(pair)[0];
  return !seen.has(kept) && Boolean(seen.add(kept));
}

function fitsOutlets(one, other, wanted) {
  const { outlet } = data.stories;
  const [first, second] = [outlet[one], outlet[other]];
  if (wanted.outlet !== null && wanted.with !== null) {
    return (first === wanted.outlet && second === wanted.with) || (first === wanted.with && second === wanted.outlet);
  }
  const either = wanted.outlet ?? wanted.with;
  return either === null || first === either || second === either;
}

function fitsDates(one, other, { from, to }) {
  const within = (time) => time !== null && time >= from && time < to;
  const { published } = data.stories;
  return (from === -Infinity && to === Infinity) || within(published[one]) || within(published[other]);
}

// Numbers of the pairs that fit what is wanted, in order; null if a newer search began meanwhile.
async function selected(wanted, isStale) {
  const having = wanted.terms.length ? await storiesWith(wanted.terms, isStale) : [];
  if (having === null) return null;
  const { a, b, words, jaccard } = data.pairs;
  const { published, keeper } = data.stories;
  const seen = new Set();
  const rows = [];
  for (let pair = 0; pair < data.count; pair++) {
    const [one, other] = [a[pair], b[pair]];
    if (words[pair] < wanted.words || !wanted.relations.has(data.name(pair))) continue;
    if (!fitsOutlets(one, other, wanted) || !fitsDates(one, other, wanted)) continue;
    if (wanted.marked && (marks.of(pair) ?? "open") !== wanted.marked) continue;
    if (!having.every((stories) => stories[one] || stories[other])) continue;
    if (!fitsView(wanted.view, pair, seen)) continue;
    rows.push({
      pair,
      words: words[pair],
      jaccard: jaccard[pair],
      size: data.removal[pair] ? data.size[keeper[one]] : 0,
      kept: data.removal[pair] ? keeper[one] : 0,
      time: Math.max(published[one] ?? -1, published[other] ?? -1),
    });
  }
  return rows.sort(ORDERS[wanted.sort]).map((row) => row.pair);
}
