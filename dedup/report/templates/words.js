// Which words of a passage stand in one story only.

// Letters of scripts that are written without spaces are words of their own, as in the scan.
const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]\p{M}*|[\p{L}\p{N}\p{M}]+/gu;
const MOST_CHANGES = 500; // more than this is not worth marking, and would take long

function wordsOf(text, [from, to]) {
  return [...text.slice(from, to).matchAll(WORD)].map((found) => ({
    from: from + found.index,
    to: from + found.index + found[0].length,
    folded: found[0].normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase(),
  }));
}

// Myers' greedy algorithm: the furthest place on each diagonal after each number of changes, newest last; null if too many.
function furthest(one, other) {
  const steps = [];
  let reached = new Map([[1, 0]]);
  for (let changes = 0; changes <= Math.min(MOST_CHANGES, one.length + other.length); changes++) {
    const next = new Map();
    for (let diagonal = -changes; diagonal <= changes; diagonal += 2) {
      const [above, below] = [reached.get(diagonal + 1) ?? -1, reached.get(diagonal - 1) ?? -1];
      let x = diagonal === -changes || (diagonal !== changes && below < above) ? above : below + 1;
      while (x < one.length && x - diagonal < other.length && one[x].folded === other[x - diagonal].folded) x++;
      next.set(diagonal, x);
      if (x >= one.length && x - diagonal >= other.length) return [...steps, next];
    }
    steps.push(next);
    reached = next;
  }
  return null;
}

// For both passages the words that the other has not, as places [from, to] in the texts; null if there are too many.
function changedWords(textA, spanA, textB, spanB) {
  const [one, other] = [wordsOf(textA, spanA), wordsOf(textB, spanB)];
  const steps = furthest(one, other);
  if (steps === null) return null;
  const [onlyA, onlyB] = [[], []];
  let [x, y] = [one.length, other.length];
  for (let changes = steps.length - 1; changes > 0; changes--) {
    const before = steps[changes - 1];
    const diagonal = x - y;
    const [above, below] = [before.get(diagonal + 1) ?? -1, before.get(diagonal - 1) ?? -1];
    const down = diagonal === -changes || (diagonal !== changes && below < above);
    x = down ? above : below;
    y = x - (down ? diagonal + 1 : diagonal - 1);
    if (down) onlyB.unshift(y); else onlyA.unshift(x);
  }
  return [joined(onlyA, one), joined(onlyB, other)];
}

// Neighbouring words as one place.
function joined(places, words) {
  const spans = [];
  for (const place of places) {
    const last = spans.at(-1);
    if (last && last.place === place - 1) Object.assign(last, { place, to: words[place].to });
    else spans.push({ place, from: words[place].from, to: words[place].to });
  }
  return spans.map(({ from, to }) => [from, to]);
}
