// Which part is shown, the keys, light and dark, and the start of it all.

const route = {
  pair: -1,

  go() {
    const hash = location.hash.slice(1);
    const asked = /^pair-(\d+)$/.exec(hash);
    const left = this.pair;
    this.pair = asked && Number(asked[1]) < data.count ? Number(asked[1]) : -1;
    const part = this.pair >= 0 ? "pair" : hash === "list" ? "list" : "overview";
    for (const name of ["overview", "list", "pair"]) $(name).hidden = name !== part;
    for (const name of ["overview", "list"]) {
      if (name === part) $("to-" + name).setAttribute("aria-current", "page"); else $("to-" + name).removeAttribute("aria-current");
    }
    if (part === "pair") pairView.open(this.pair);
    if (part === "list") {
      list.show();
      if (left >= 0) list.focus(left); else $("list-title").focus({ preventScroll: true });
    }
    if (part !== "pair" && left < 0) scrollTo(0, 0);
  },
};

const KEYS = {
  "?": () => $("keys").showModal(),
  "/": () => { location.hash = "list"; setTimeout(() => $("search").focus()); },
  n: () => pairView.go(pairView.passage + 1),
  p: () => pairView.go(pairView.passage - 1),
  j: () => pairView.step(1),
  k: () => pairView.step(-1),
  r: () => marks.set(pairView.pair, "right"),
  w: () => marks.set(pairView.pair, "wrong"),
  u: () => marks.set(pairView.pair, undefined),
  Escape: () => { location.hash = "list"; },
};

function onKey(event) {
  const typing = event.target.closest?.("input:not([type=radio], [type=checkbox]), select, dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !$("keys-on").checked) return;
  const act = KEYS[event.key];
  if (!act || (!"/?".includes(event.key) && route.pair < 0)) return;
  act();
  event.preventDefault();
}

function startTheme() {
  const root = document.documentElement;
  const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const tell = () => { $("theme").textContent = dark() ? "Light" : "Dark"; };
  const known = memory.get("theme");
  if (known === "dark" || known === "light") root.dataset.theme = known;
  $("theme").addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    memory.set("theme", root.dataset.theme);
    tell();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
  tell();
}

async function start() {
  document.querySelector(".tools").hidden = false;
  startTheme();
  $("keys-button").addEventListener("click", () => $("keys").showModal());
  await breath(); // the overview is painted before the data are unpacked
  await data.load();
  marks.load();
  startList();
  startReview();
  await list.refresh();
  addEventListener("hashchange", () => route.go());
  addEventListener("keydown", onKey);
  route.go();
  performance.mark("ready");
  document.documentElement.dataset.ready = "true";
}

start().catch((error) => {
  $("fault").textContent = `The list can't be shown: ${error.message ?? error}. The file is damaged, or this browser is of before 2024.`;
  $("fault").hidden = false;
});
