// The reader's own verdicts on decisions, and the labels file that `dedup eval` reads.

const DROPPING = new Set(["identical", "near-duplicate", "contained"]);

const marks = {
  all: new Map(),
  kept: true, // whether the browser keeps them beyond this visit
  saved: true, // whether all of them were exported

  of(pair) { return this.all.get(pair); },

  load() {
    this.key = "marks/" + data.digest;
    let known = [];
    try { known = JSON.parse(memory.get(this.key) ?? "[]"); } catch { /* not what this page wrote: begin anew */ }
    for (const [pair, mark] of known) {
      if (pair < data.count && ["right", "wrong"].includes(mark)) this.all.set(pair, mark);
    }
    this.tell();
  },

  set(pair, mark) {
    if (mark === undefined || this.of(pair) === mark) this.all.delete(pair); else this.all.set(pair, mark);
    this.kept = memory.set(this.key, JSON.stringify([...this.all]));
    this.saved = false;
    this.tell();
    this.press(pair);
  },

  tell() {
    const reviewed = this.all.size;
    $("reviewed").textContent = reviewed ? `${number(reviewed)} reviewed${this.kept ? "" : ", not kept by this browser: export them before you leave"}` : "";
    $("export").disabled = reviewed === 0;
  },

  press(pair) {
    for (const button of document.querySelectorAll("[data-mark]")) {
      button.setAttribute("aria-pressed", String(this.of(pair) === button.dataset.mark));
    }
  },

  panel(pair) {
    const dropping = DROPPING.has(data.name(pair));
    const means = dropping
      ? { right: "one story: one text can go", wrong: "two stories: both must stay" }
      : { right: "two stories: both must stay", wrong: "one story: one text can go" };
    const button = (mark, name, key) => h("button", { type: "button", "data-mark": mark, "aria-keyshortcuts": key,
      "aria-pressed": String(this.of(pair) === mark), on: { click: () => this.set(pair, mark) } },
      h("b", {}, name, " ", h("kbd", {}, key)), h("span", {}, means[mark]));
    return h("div", { class: "marks", role: "group", "aria-label": "Your review" },
      h("p", {}, "Is this right?"), button("right", "Right", "r"), button("wrong", "Wrong", "w"));
  },

  // One line of JSON a pair. A label says whether the two are one story: the relation's name, or "same", says they are.
  lines() {
    const { id } = data.stories;
    return [...this.all].sort(([x], [y]) => x - y).map(([pair, mark]) => {
      const relation = data.name(pair);
      const same = DROPPING.has(relation) === (mark === "right");
      const label = same ? (mark === "right" ? relation : "same") : mark === "right" ? relation : "different";
      return JSON.stringify({ a: id[data.pairs.a[pair]], b: id[data.pairs.b[pair]], label, relation, mark }) + "\n";
    });
  },

  export() {
    const address = URL.createObjectURL(new Blob(this.lines(), { type: "application/x-ndjson" }));
    h("a", { href: address, download: "labels.jsonl" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
    this.saved = true;
  },
};

function startReview() {
  $("export").addEventListener("click", () => marks.export());
  addEventListener("beforeunload", (event) => {
    if (!marks.kept && !marks.saved && marks.all.size) event.preventDefault();
  });
}
