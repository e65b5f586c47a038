// The list: its filters, its rows a page at a time, and moving among them.

const PAGE = 50;
const form = $("filters");

const list = {
  pairs: [],
  first: 0,
  asked: 0,

  wanted() {
    const given = new FormData(form);
    const day = (name) => Date.parse(given.get(name)) / 1000;
    const from = day("from");
    const to = day("to");
    return {
      view: given.get("view"),
      relations: new Set(given.getAll("relation")),
      outlet: given.get("outlet") === "" ? null : Number(given.get("outlet")),
      with: given.get("with") === "" ? null : Number(given.get("with")),
      from: Number.isNaN(from) ? -Infinity : from,
      to: Number.isNaN(to) ? Infinity : to + 86400,
      words: Number(given.get("words")) || 0,
      marked: given.get("marked"),
      terms: terms(given.get("search")),
      sort: given.get("sort"),
    };
  },

  async refresh() {
    const asked = ++this.asked;
    const wanted = this.wanted();
    if (wanted.terms.length) $("count").textContent = "Searching…";
    const pairs = await selected(wanted, () => asked !== this.asked);
    if (pairs === null || asked !== this.asked) return;
    this.pairs = pairs;
    this.first = 0;
    const noun = wanted.view === "clusters" ? ["cluster", "clusters"] : ["pair", "pairs"];
    $("count").textContent = pairs.length ? count(pairs.length, ...noun) : "Nothing fits; choose less narrowly.";
    this.show();
  },

  show() {
    const last = Math.min(this.first + PAGE, this.pairs.length);
    const clusters = form.elements.view.value === "clusters";
    $("rows").replaceChildren(...this.pairs.slice(this.first, last).map((pair) => row(pair, clusters)));
    $("pairs").hidden = last === 0;
    $("pages").hidden = this.pairs.length <= PAGE;
    $("previous").disabled = this.first === 0;
    $("next").disabled = last === this.pairs.length;
    $("page").textContent = `${number(this.first + 1)} to ${number(last)} of ${number(this.pairs.length)}`;
  },

  turn(step) {
    this.first = Math.min(Math.max(0, this.first + step * PAGE), Math.max(0, this.pairs.length - 1));
    this.show();
    $("pairs").scrollIntoView({ block: "start" });
    $("rows").querySelector("button")?.focus();
  },

  // Puts the focus on a pair's row, or that of its cluster, if it is in the list.
  focus(pair) {
    const kept = data.removal[pair] ? data.sides(pair)[0] : -1;
    let at = this.pairs.indexOf(pair);
    if (at < 0) at = this.pairs.findIndex((other) => data.removal[other] && data.sides(other)[0] === kept);
    if (at < 0) return $("list-title").focus();
    this.first = at - (at % PAGE);
    this.show();
    $("rows").children[at - this.first].querySelector("button").focus();
  },
};

function relationBadge(name) {
  return h("span", { class: "relation " + name }, h("span", { class: "glyph", "aria-hidden": "true" }, data.glyphs[name]), " " + name);
}

function fate(story) {
  return data.kept(story) ? h("span", { class: "fate kept" }, "kept") : h("span", { class: "fate dropped" }, "dropped");
}

function row(pair, isCluster) {
  const [one, other] = data.sides(pair);
  const { id } = data.stories;
  const story = (which) => [
    h("span", { class: "title", dir: "auto" }, data.title(which)),
    h("span", { class: "place" }, data.place(which), data.place(which) && "  ", h("span", { class: "id" }, line(id[which])))];
  const size = data.removal[pair] ? data.size[data.stories.keeper[one]] : 0;
  const more = isCluster && size > 2 ? h("p", { class: "more" }, `and ${number(size - 2)} more`) : null;
  return h("tr", {},
    h("td", {}, relationBadge(data.name(pair))),
    h("td", {},
      h("button", { type: "button", class: "open", "data-pair": pair }, fate(one), ...story(one)),
      h("div", { class: "second" }, fate(other), ...story(other)), more),
    h("td", { class: "number" }, share(data.pairs.jaccard[pair])),
    h("td", { class: "number" }, number(data.pairs.words[pair])),
    h("td", { class: "number" }, size ? number(size) : ""),
    h("td", {}, marks.of(pair) ?? ""));
}

function fillOutlets() {
  const { outlets } = data;
  for (const select of [form.elements.outlet, form.elements.with]) {
    select.append(...outlets.map((name, at) => h("option", { value: at }, line(name))));
  }
  for (const field of document.querySelectorAll(".outlets")) field.hidden = outlets.length === 0;
  const dated = data.stories.published.some((time) => time !== null);
  for (const field of document.querySelectorAll(".dates")) field.hidden = !dated;
}

// What the overview's links and numbers ask for.
function narrow({ relation, outlet, with: other }) {
  form.reset();
  form.elements.view.value = "all";
  for (const box of form.elements.relation) {
    box.checked = relation ? box.value === relation : outlet === undefined || box.value !== "template";
  }
  if (outlet !== undefined) [form.elements.outlet.value, form.elements.with.value] = [outlet, other];
  return list.refresh();
}

function moveInRows(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const here = event.target.closest("tr");
  if (!step || !here) return;
  const next = step > 0 ? here.nextElementSibling : here.previousElementSibling;
  next?.querySelector("button").focus();
  event.preventDefault();
}

function startList() {
  form.hidden = false;
  fillOutlets();
  let waiting;
  form.addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => list.refresh(), event.target.type === "search" ? 150 : 0);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  $("anew").addEventListener("click", () => { form.reset(); list.refresh(); });
  $("search").addEventListener("focus", () => storiesWith([], () => false), { once: true }); // texts are ready when the words are
  $("previous").addEventListener("click", () => list.turn(-1));
  $("next").addEventListener("click", () => list.turn(1));
  $("rows").addEventListener("keydown", moveInRows);
  $("rows").addEventListener("click", (event) => {
    const opened = event.target.closest("tr")?.querySelector("button");
    const chosen = opened?.contains(event.target) || !String(getSelection()); // words of a row can be marked to copy them
    if (opened && chosen) location.hash = "pair-" + opened.dataset.pair;
  });
  $("overview").addEventListener("click", (event) => {
    const asked = event.target.closest("[data-relation], [data-outlet]");
    if (!asked) return;
    narrow(asked.dataset);
    location.hash = "list";
  });
}
