// The packed columns, and what follows from them.

async function unpacked(id) {
  const element = $(id);
  const packed = atob(element.textContent);
  element.remove();
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

const data = {
  // Fills in stories, pairs, settings and what they come to; passages and texts wait until they are asked for.
  async load() {
    Object.assign(this, await unpacked("columns"));
    const { a, b, relation } = this.pairs;
    const { keeper } = this.stories;
    this.count = a.length;
    this.size = new Uint32Array(keeper.length);
    for (const kept of keeper) this.size[kept]++;
    this.removal = new Uint8Array(this.count);
    this.between = new Uint8Array(this.count);
    this.clusters = new Map();
    for (let pair = 0; pair < this.count; pair++) {
      const kept = keeper[a[pair]] === b[pair] ? b[pair] : keeper[b[pair]] === a[pair] ? a[pair] : -1;
      if (kept >= 0) {
        this.removal[pair] = 1;
        if (!this.clusters.has(kept)) this.clusters.set(kept, []);
        this.clusters.get(kept).push(pair);
      } else if (keeper[a[pair]] === a[pair] && keeper[b[pair]] === b[pair]) {
        this.between[pair] = 1;
      }
    }
    this.blocks = new Map();
    this.lowered = new Array(keeper.length);
  },

  every() { return (this.all ??= Array.from({ length: this.count }, (_, pair) => pair)); },

  kept(story) { return this.stories.keeper[story] === story; },

  // The relation as it is named, however the two stand in the record.
  name(pair) {
    const name = this.relations[this.pairs.relation[pair]];
    return name === "contains" ? "contained" : name;
  },

  // The stories of a pair as they are shown: the kept one first, then the earlier, then as in the record.
  sides(pair) {
    const [a, b] = [this.pairs.a[pair], this.pairs.b[pair]];
    if (this.kept(a) !== this.kept(b)) return this.kept(a) ? [a, b] : [b, a];
    if (this.removal[pair]) return this.stories.keeper[b] === a ? [a, b] : [b, a];
    const [first, second] = [this.stories.published[a], this.stories.published[b]];
    return first !== null && second !== null && second < first ? [b, a] : [a, b];
  },

  title(story) {
    return line(this.stories.title[story] ?? this.stories.opening[story]) || "(no text)";
  },

  outlet(story) {
    const place = this.stories.outlet[story];
    return place === null ? "" : line(this.outlets[place]);
  },

  // Where and when a story was published, as far as that is known.
  place(story) { return [this.outlet(story), when(this.stories.published[story])].filter(Boolean).join(", "); },

  async passages(pair) {
    this.unpackedPassages ??= unpacked("passages");
    const { numbers, ends } = await this.unpackedPassages;
    const found = [];
    for (let at = pair ? ends[pair - 1] : 0; at < ends[pair]; at++) {
      const [a0, a1, b0, b1, words] = numbers.slice(5 * at, 5 * at + 5);
      found.push({ a: [a0, a1], b: [b0, b1], words });
    }
    return found;
  },

  // The block that holds a story's text.
  async block(story) {
    let low = 0;
    for (let high = this.texts.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if (this.texts[middle] <= story) low = middle; else high = middle;
    }
    const first = this.texts[low];
    if (!this.blocks.has(first)) this.blocks.set(first, unpacked("texts-" + first));
    return { first, texts: await this.blocks.get(first) };
  },

  // A text as embedded, and its gaps as place, characters left out, place, …
  async text(story) {
    const { first, texts } = await this.block(story);
    const entry = texts[story - first];
    return typeof entry === "string" ? { text: entry, gaps: [] } : { text: entry[0], gaps: entry[1] };
  },

  // All that a search looks at, in small letters.
  async searchable(story) {
    const { id, title } = this.stories;
    const { text } = await this.text(story);
    return [id[story], title[story] ?? "", this.outlet(story), text].join("\n").toLowerCase();
  },
};
