// Zooming, moving and choosing: with buttons, keys, wheel and pointer.
function look(from, to) {
  const all = whole(), span = Math.min(Math.max(to - from, 4), all.to - all.from);
  const start = Math.max(all.from, Math.min(from, all.to - span));
  view = { from: start, to: start + span };
  request();
}
function zoom(factor, around = (view.from + view.to) / 2) {
  look(around - (around - view.from) * factor, around + (view.to - around) * factor);
}
function move(units) { look(view.from + units, view.to + units); }
function centre(u, span = view.to - view.from) { look(u - span / 2, u + span / 2); }
function near(u) { centre(u, Math.min(view.to - view.from, 160)); }

function choose(i, follow) {
  if (count === 0) return;
  chosen = Math.max(0, Math.min(count - 1, i));
  const u = unit[chosen];
  if (follow && (u < view.from || u + 1 > view.to)) centre(u);
  $("said").textContent = describe(chosen);
  request();
}
function chooseNext(step) {
  if (chosen >= 0) return choose(chosen + step, true);
  choose(step > 0 ? below(unit, view.from) : below(unit, view.to) - 1, true);
}
function chooseWhere(matches) {
  let i = chosen + 1;
  while (i < count && !matches(i)) i++;
  if (i < count) choose(i, true);
}

const actions = {
  in: () => zoom(0.5),
  out: () => zoom(2),
  all: () => look(-Infinity, Infinity),
  checkpoint: () => near(unitOf(offsetOf(data.manifest.replay_after))),
  tail: () => near(end()),
  theme: switchTheme,
};
document.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", () => actions[button.dataset.do]()));
$("goto").addEventListener("change", (event) => {
  const text = event.target.value.replace(/[^0-9]/g, "");
  if (text === "" || count === 0) return;
  near(unitOf(offsetOf(text)));
  choose(below(offset, offsetOf(text)), true);
});

const KEYS = {
  "+": actions.in, "=": actions.in, "-": actions.out, 0: actions.all, c: actions.checkpoint, t: actions.tail, d: actions.theme,
  f: () => chooseWhere(isFence), g: () => chooseWhere(goes),
};
// These move the page, except where they move in the picture.
const MAP_KEYS = {
  Home: () => choose(0, true),
  End: () => choose(count - 1, true),
  PageUp: () => move((view.from - view.to) * 0.8),
  PageDown: () => move((view.to - view.from) * 0.8),
  ArrowLeft: (event) => (event.shiftKey ? move((view.from - view.to) * 0.2) : chooseNext(-1)),
  ArrowRight: (event) => (event.shiftKey ? move((view.to - view.from) * 0.2) : chooseNext(1)),
};
document.addEventListener("keydown", (event) => {
  if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = KEYS[event.key.toLowerCase()] ?? (event.target === map ? MAP_KEYS[event.key] : undefined);
  if (act) { act(event); event.preventDefault(); }
});

const along = (canvas, event) => (event.clientX - canvas.getBoundingClientRect().left) / canvas.clientWidth;
map.addEventListener("wheel", (event) => {
  event.preventDefault();
  const span = view.to - view.from;
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) return move((event.deltaX / map.clientWidth) * span);
  zoom(event.deltaY > 0 ? 1.25 : 0.8, view.from + along(map, event) * span);
}, { passive: false });
let drag = null;
map.addEventListener("pointerdown", (event) => {
  drag = { x: event.clientX, from: view.from, moved: false };
  map.setPointerCapture(event.pointerId);
});
map.addEventListener("pointerup", (event) => {
  const i = drag && !drag.moved ? entryAt(event) : -1;
  if (i >= 0) choose(i, false);
  drag = null;
});
map.addEventListener("pointercancel", () => { drag = null; });
map.addEventListener("pointermove", (event) => {
  if (!drag) return tip(event);
  const by = event.clientX - drag.x, span = view.to - view.from;
  if (Math.abs(by) > 3) drag.moved = true;
  const from = drag.from - (by / map.clientWidth) * span;
  look(from, from + span);
});
map.addEventListener("pointerleave", () => { $("tip").hidden = true; });
function jump(event) {
  const { from, to } = whole();
  centre(from + along(overview, event) * (to - from));
}
overview.addEventListener("pointerdown", (event) => { overview.setPointerCapture(event.pointerId); jump(event); });
overview.addEventListener("pointermove", (event) => { if (event.buttons) jump(event); });

function entryAt(event) {
  const u = view.from + along(map, event) * (view.to - view.from);
  const i = below(unit, u + 1e-9) - 1;
  const reach = Math.max(1, (3 * (view.to - view.from)) / map.clientWidth);
  return i >= 0 && u - unit[i] < reach ? i : -1;
}
function tip(event) {
  const box = map.getBoundingClientRect(), here = event.clientX - box.left;
  const line = event.clientY - box.top < LANE.notes - 10 && lines.find((line) => Math.abs(line.x - here) < 6);
  const i = entryAt(event);
  const text = line ? `${line.label} ${name(line.at)}\n${line.say}` : i >= 0 ? describe(i) : "";
  tell(event, text);
}
