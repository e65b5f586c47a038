// One pair: why it is what it is, and the two texts side by side with what they share.

const pairView = {
  pair: -1,
  passage: -1,
  passages: 0,

  async open(pair) {
    const [one, other] = data.sides(pair);
    const swapped = one !== data.pairs.a[pair];
    const [first, second, found] = await Promise.all([data.text(one), data.text(other), data.passages(pair)]);
    if (route.pair !== pair) return;
    const passages = found.map(({ a, b, words }) => ({ spans: swapped ? [b, a] : [a, b], words }));
    const only = passages.map(({ spans }) => changedHere(spans, [first, second]));
    Object.assign(this, { pair, passage: -1, passages: passages.length });
    $("pair-body").replaceChildren(
      this.bar(pair),
      ...this.verdict(pair, passages.length, only.includes(null)),
      h("div", { class: "sides" }, ...[[one, first], [other, second]].map(([story, text], side) =>
        storyColumn(story, side, text, passages.map(({ spans }, at) => ({ at, span: spans[side], only: only[at]?.[side] ?? [] }))))),
      h("div", { class: "evidence" }, scores(pair), cluster(pair)));
    $("pair-title").focus({ preventScroll: true });
    scrollTo(0, 0);
    if (passages.length) this.go(0, null, false);
  },

  // The pairs that this one stands among: those of the list; reached by a link, those of its cluster, or all.
  among(pair) {
    if (list.pairs.includes(pair)) return [list.pairs, "in the list"];
    const members = data.removal[pair] ? data.clusters.get(data.sides(pair)[0]) : [];
    return members.length > 1 ? [members, "in the cluster"] : [data.every(), "pairs"];
  },

  bar(pair) {
    const [pairs, where] = this.among(pair);
    const at = pairs.indexOf(pair);
    const step = (by, name, key) => h("button", { type: "button", disabled: pairs[at + by] === undefined,
      "aria-keyshortcuts": key, on: { click: () => this.step(by) } }, name, " ", h("kbd", {}, key));
    return h("nav", { class: "pair-bar", "aria-label": "Pairs" },
      h("button", { type: "button", "aria-keyshortcuts": "Escape", on: { click: () => { location.hash = "list"; } } }, "← Back to the list ", h("kbd", {}, "Esc")),
      h("span", {}, `${number(at + 1)} of ${number(pairs.length)} ${where}`),
      step(-1, "Previous pair", "k"), step(1, "Next pair", "j"));
  },

  verdict(pair, passages, unmarked) {
    const name = data.name(pair);
    const [kept, dropped] = data.sides(pair);
    const outcome = data.removal[pair] ? "one was dropped" : data.kept(kept) && data.kept(dropped) ? "both were kept" : "not the pair that decided";
    return [
      h("div", { class: "verdict" },
        h("div", {}, h("h1", { id: "pair-title", tabindex: "-1" }, relationBadge(name), h("small", {}, outcome)), h("p", { class: "reason" }, reason(pair))),
        marks.panel(pair)),
      h("p", { class: "passages" },
        h("span", { id: "passage-count", role: "status" }, passages ? count(passages, "shared passage", "shared passages") : "No passages to show"),
        ...(passages ? [this.passageButton(-1, "Previous", "p"), this.passageButton(1, "Next", "n")] : []),
        h("span", { class: "hint" }, h("mark", {}, "shared words"), h("em", { class: "only" }, "words that the other has not"),
          unmarked ? "In a passage that is much rewritten, or cut, single words are not marked." : "")),
    ];
  },

  passageButton(by, name, key) {
    return h("button", { type: "button", "aria-keyshortcuts": key, on: { click: () => this.go(this.passage + by) } }, name, " ", h("kbd", {}, key));
  },

  step(by) {
    const [pairs] = this.among(this.pair);
    const next = pairs[pairs.indexOf(this.pair) + by];
    if (next !== undefined) location.hash = "pair-" + next;
  },

  // Makes a passage the current one. The side it was chosen on stays; the other comes to the same height.
  go(at, from = null, speak = true) {
    if (!this.passages) return;
    this.passage = (at + this.passages) % this.passages;
    const columns = [...document.querySelectorAll(".sides .text")];
    const marked = columns.map((column) => [...column.querySelectorAll(`[data-passage="${this.passage}"]`)]);
    for (const old of document.querySelectorAll(".sides mark.current")) old.classList.remove("current");
    for (const mark of marked.flat()) mark.classList.add("current");
    const tops = columns.map((column, side) => marked[side].length ? marked[side][0].getBoundingClientRect().top - column.getBoundingClientRect().top : null);
    const height = from !== null && tops[from] !== null ? tops[from] : 60;
    columns.forEach((column, side) => {
      if (side !== from && tops[side] !== null) column.scrollTop += tops[side] - height;
    });
    if (speak) {
      const lost = marked.some((found) => !found.length) ? ", in a part that was left out" : "";
      $("passage-count").textContent = `Passage ${this.passage + 1} of ${this.passages}${lost}`;
    }
  },
};

// The words of a passage that one side only has; null where that cannot be told.
function changedHere([spanA, spanB], [first, second]) {
  const cut = (gaps, [from, to]) => gaps.some((place, at) => at % 2 === 0 && place >= from && place <= to);
  if (cut(first.gaps, spanA) || cut(second.gaps, spanB)) return null;
  return changedWords(first.text, spanA, second.text, spanB);
}

function storyColumn(story, side, { text, gaps }, passages) {
  const { id, published, url, length } = data.stories;
  const label = data.title(story);
  const facts = [data.outlet(story), when(published[story]), count(length[story], "character", "characters")];
  const body = h("div", { class: "text", tabindex: "0", role: "region", dir: "auto", "aria-label": (side ? "Right text: " : "Left text: ") + label });
  fill(body, text, gaps, passages, side);
  return h("article", { "aria-label": label },
    h("header", {}, h("h2", { dir: "auto" }, fate(story), label), h("p", { class: "facts" }, facts.filter(Boolean).join(" · ")),
      h("p", { class: "id" }, url[story] === null ? line(id[story]) : h("a", { href: url[story], rel: "noreferrer noopener", target: "_blank" }, line(id[story])))),
    body);
}

// Puts a text into an element: passages marked and numbered, words of this side only in them, gaps told.
function fill(body, text, gaps, passages, side) {
  let gap = 0;
  const put = (parent, from, to) => {
    for (; gap < gaps.length && gaps[gap] <= to; gap += 2) {
      parent.append(shown(text.slice(from, gaps[gap])), h("span", { class: "gap" }, `… ${count(gaps[gap + 1], "character", "characters")} left out …`));
      from = gaps[gap];
    }
    if (to > from) parent.append(shown(text.slice(from, to)));
  };
  let seen = 0;
  for (const { at, span: [start, to], only } of passages.slice().sort((x, y) => x.span[0] - y.span[0] || x.at - y.at)) {
    const from = Math.max(start, seen);
    if (to <= from) continue;
    put(body, seen, from);
    const mark = h("mark", { "data-passage": at });
    mark.append(h("button", { type: "button", class: "passage", "aria-label": `Passage ${at + 1}: show it in the other story`,
      on: { click: (event) => { event.stopPropagation(); pairView.go(at, side); } } }, String(at + 1)));
    mark.addEventListener("click", () => { if (!String(getSelection())) pairView.go(at, side); });
    let here = from;
    for (const [begin, end] of only.filter((words) => words[1] > from)) {
      put(mark, here, Math.max(here, begin));
      const words = h("em", { class: "only" });
      put(words, Math.max(here, begin), end);
      mark.append(words);
      here = end;
    }
    put(mark, here, to);
    body.append(mark);
    seen = to;
  }
  put(body, seen, text.length);
}

function scores(pair) {
  const { jaccard, words, longest } = data.pairs;
  const { threshold, containment, passage_words: passage } = data.settings;
  const [held, holds] = heldShares(pair);
  const rows = [
    ["Jaccard similarity", share(jaccard[pair]), `near-duplicate from ${threshold}`],
    ["Of the right story, in the left", percent(held), `contained from ${percent(containment * 10000)}`],
    ["Of the left story, in the right", percent(holds), ""],
    ["Longest passage, in words", number(longest[pair]), `shared passage from ${passage}`],
    ["Words in passages", number(words[pair]), ""],
  ];
  return h("table", { class: "scores" },
    h("caption", {}, "Scores"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Score"), h("th", { scope: "col", class: "number" }, "This pair"), h("th", { scope: "col" }, "Threshold"))),
    h("tbody", {}, ...rows.map(([name, value, limit]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "number" }, value), h("td", {}, limit)))));
}

// How much of the right story is in the left one, and of the left in the right.
function heldShares(pair) {
  const { a, inA, inB } = data.pairs;
  return data.sides(pair)[0] === a[pair] ? [inA[pair], inB[pair]] : [inB[pair], inA[pair]];
}

// Why the pair has its relation, in a sentence. The scan's own rules are in relate/rules.py.
function reason(pair) {
  const { threshold, containment, passage_words: passage } = data.settings;
  const { jaccard, longest, words, older } = data.pairs;
  const [held, holds] = heldShares(pair);
  const much = percent(Math.max(held, holds));
  const enough = Math.max(held, holds) >= containment * 10000;
  const version = older[pair] < 0 ? "" : ` The newer is a later version of ${line(data.stories.id[older[pair]])}.`;
  return version ? because() + version : because();

  function because() {
    switch (data.name(pair)) {
      case "identical":
        return "The same words in the same order; case, punctuation and accents aside.";
      case "near-duplicate":
        return jaccard[pair] >= threshold * 10000
          ? `The same story, lightly edited: Jaccard similarity ${share(jaccard[pair])} (from ${threshold} on), and the same facts.`
          : `Alike in length, and ${much} of the smaller one’s word runs are in the other (from ${percent(containment * 10000)} on).`;
      case "contained":
        return enough
          ? `The longer one holds ${much} of the shorter one’s word runs (from ${percent(containment * 10000)} on).`
          : `The same news at other length: they open alike, their facts agree, and the longer one holds ${much} of the shorter one’s word runs.`;
      case "template":
        return "One form filled in twice: they share its words, and differ in figures or names. Never a reason to drop a story.";
      default:
        return longest[pair] >= passage
          ? `Different stories with a passage of ${number(longest[pair])} words in common (from ${passage} on).`
          : `Different stories with several shorter passages in common, ${number(words[pair])} words together.`;
    }
  }
}

// The other members of the kept story's cluster, where there are any.
function cluster(pair) {
  const kept = data.stories.keeper[data.sides(pair)[0]];
  const others = data.clusters.get(kept) ?? [];
  if (others.length < 2) return null;
  const shownOthers = others.slice(0, 200);
  return h("section", { class: "cluster", "aria-labelledby": "cluster-title" },
    h("h2", { id: "cluster-title" }, `What repeats ${data.title(kept)}`),
    h("ul", {}, ...shownOthers.map((one) => {
      const story = data.sides(one)[1];
      return h("li", {}, relationBadge(data.name(one)), " ",
        h("a", { href: "#pair-" + one, "aria-current": one === pair ? "true" : null }, data.title(story)), " ",
        h("span", { class: "place" }, data.place(story), " ", h("span", { class: "id" }, line(data.stories.id[story]))));
    })),
    others.length > shownOthers.length ? h("p", {}, `and ${number(others.length - shownOthers.length)} more`) : null);
}
