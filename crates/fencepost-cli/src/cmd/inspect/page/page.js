"use strict";
// One log as it was found. The data are columns: run-length lists [value, times, value, times, …], positions as distances
// from one entry to the next, counted from `first`, which is text because it may be larger than a number can hold.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

function column(runs, count) {
  const values = new Float64Array(count);
  let at = 0;
  for (let i = 0; i < runs.length; i += 2) {
    values.fill(runs[i], at, at + runs[i + 1]);
    at += runs[i + 1];
  }
  return values;
}

const count = data.entries.count;
const kind = column(data.entries.kind, count);
const epoch = column(data.entries.epoch, count);
const bytes = column(data.entries.bytes, count);
const rows = column(data.entries.rows, count);
const state = column(data.entries.state, count);
const reason = column(data.entries.reason, count);
const offset = column(data.entries.step, count);
for (let i = 1; i < count; i++) offset[i] += offset[i - 1];

const first = BigInt(data.first);
const name = (at) => (first + BigInt(Math.round(at))).toLocaleString("en");
const offsetOf = (position) => Number(BigInt(position) - first);
const number = (n) => n.toLocaleString("en");
function size(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (n >= 1024 && unit < 4) { n /= 1024; unit++; }
  return `${unit === 0 ? n : n.toFixed(n < 10 ? 2 : 1)} ${units[unit]}`;
}

// Where nothing stands for long, the axis is folded: a unit is a position, a folded stretch has FOLD units.
const FOLD_ABOVE = 96, FOLD = 24;
const unit = new Float64Array(count);
const folds = [];
for (let i = 1; i < count; i++) {
  const gap = offset[i] - offset[i - 1] - 1;
  const step = gap > FOLD_ABOVE ? FOLD + 1 : gap + 1;
  if (gap > FOLD_ABOVE) folds.push({ from: unit[i - 1] + 1, to: unit[i - 1] + 1 + FOLD, gap });
  unit[i] = unit[i - 1] + step;
}
function below(values, x) { // How many values are below x.
  let low = 0, high = count;
  while (low < high) { const middle = (low + high) >> 1; if (values[middle] < x) low = middle + 1; else high = middle; }
  return low;
}
function unitOf(at) {
  if (count === 0) return at;
  const next = below(offset, at);
  if (next < count && offset[next] === at) return unit[next];
  if (next === 0) return Math.max(at - offset[0], -FOLD);
  const into = at - offset[next - 1];
  if (next === count) return unit[count - 1] + into;
  const gap = offset[next] - offset[next - 1], width = unit[next] - unit[next - 1];
  return unit[next - 1] + (into * width) / gap;
}

// Okabe and Ito's colours, which people with any kind of colour blindness can tell apart; the pattern tells the kind as well.
const EPOCHS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c7f00"];
const colourOf = (e) => (e < 0 ? "#8a8f98" : EPOCHS[e % EPOCHS.length]);
const KIND = Object.fromEntries(data.kinds.map((word, i) => [word, i]));
const isFence = (i) => data.kinds[kind[i]] === "fence";
const isStale = (i) => data.states[state[i]] === "stale_entry";
const goes = (i) => data.reasons[reason[i]].name === null;

const marks = [
  { label: "replay point", at: offsetOf(data.manifest.replay_after), dash: [], say: "Entries up to here are safe elsewhere. Reading and replay begin above." },
  { label: "boundary", at: offsetOf(data.boundary), dash: [6, 3], say: "Collectors may have deleted entries up to here." },
  { label: "tail", at: offsetOf(data.tail), dash: [2, 3], say: "The last entry of the unbroken run above the replay point." },
  ...data.cursors.map((cursor) => ({
    label: `cursor ${cursor.name}`, at: offsetOf(cursor.position), dash: [9, 3, 2, 3],
    say: `The consumer ${cursor.name} is done up to here; ${number(cursor.lag)} positions lie between it and the tail.`,
  })),
].filter((mark) => mark.at >= offsetOf(1) - 1 && Number.isFinite(mark.at));

const end = () => (count === 0 ? 1 : unit[count - 1] + 1);
const start = 0;
let view = { from: start - 1, to: end() + 1 };
let chosen = -1;
const map = $("map"), overview = $("overview");

function css(property) { return getComputedStyle(document.documentElement).getPropertyValue(property).trim(); }
function prepare(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = Number(canvas.getAttribute("height"));
  if (!canvas.dataset.height) canvas.dataset.height = String(height);
  const tall = Number(canvas.dataset.height);
  canvas.style.height = `${tall}px`;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(tall * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, tall);
  return { context, width, height: tall };
}

let largest = 1;
for (let i = 0; i < count; i++) largest = Math.max(largest, bytes[i]);
const tallness = (b) => 0.12 + 0.88 * (Math.log2(1 + b) / Math.log2(1 + largest));

const LANE = { marks: 26, entries: 96, base: 256, plan: 272, planEnd: 294 };

function bar(context, i, x, width, top, base) {
  const high = (base - top) * tallness(bytes[i]);
  const word = data.kinds[kind[i]];
  context.fillStyle = context.strokeStyle = colourOf(epoch[i]);
  if (word === "filler" || isStale(i)) {
    context.globalAlpha = 0.28;
    context.fillRect(x, base - high, width, high);
    context.globalAlpha = 1;
    context.lineWidth = 1;
    context.strokeRect(x + 0.5, base - high + 0.5, Math.max(width - 1, 1), high - 1);
    if (isStale(i) && width > 3) {
      context.beginPath();
      context.moveTo(x, base); context.lineTo(x + width, base - high);
      context.moveTo(x, base - high); context.lineTo(x + width, base);
      context.stroke();
    }
    return;
  }
  context.fillRect(x, base - high, width, high);
  if (word === "close" && width > 3) {
    context.fillStyle = css("--paper");
    context.fillRect(x + width * 0.3, base - high * 0.7, width * 0.4, high * 0.4);
  }
  if (word === "tombstone") {
    context.fillStyle = css("--ink");
    context.fillText("†", x + width / 2 - 3, base - high - 3);
  }
  if (word === "?") {
    context.fillStyle = css("--ink");
    context.fillText("?", x + width / 2 - 3, base - high - 3);
  }
}

function fencePost(context, x, width, base, colour) {
  const top = LANE.entries;
  context.fillStyle = colour;
  context.fillRect(x, top, Math.max(Math.min(width, 4), 1.5), base - top);
  context.beginPath();
  context.moveTo(x - 4, top); context.lineTo(x + 6, top); context.lineTo(x + 1, top + 8);
  context.fill();
}

function draw() {
  const { context, width } = prepare(map);
  const ink = css("--ink"), quiet = css("--quiet"), line = css("--line"), mark = css("--mark"), paper = css("--paper");
  const scale = width / (view.to - view.from);
  const x = (u) => (u - view.from) * scale;
  context.font = "12px system-ui, sans-serif";
  context.strokeStyle = line;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(0, LANE.base + 0.5); context.lineTo(width, LANE.base + 0.5);
  context.stroke();

  const from = Math.max(below(unit, view.from - 1), 0), to = Math.min(below(unit, view.to + 1), count);
  for (const fold of folds) {
    if (fold.to < view.from || fold.from > view.to) continue;
    const left = x(fold.from), wide = (fold.to - fold.from) * scale;
    context.fillStyle = css("--soft");
    context.fillRect(left, LANE.entries, wide, LANE.planEnd - LANE.entries);
    context.fillStyle = quiet;
    if (wide > 70) {
      context.fillText(`${number(fold.gap)} positions`, left + 4, LANE.entries + 60);
      context.fillText("hold nothing", left + 4, LANE.entries + 75);
    } else if (wide > 8) context.fillText("⋯", left + wide / 2 - 4, LANE.entries + 66);
  }
  if (scale >= 3) {
    const gap = scale > 6 ? 1 : 0.5;
    for (let i = from; i < to; i++) {
      const left = x(unit[i]);
      bar(context, i, left, scale - gap, LANE.entries + 12, LANE.base);
      planMark(context, i, left, scale - gap, ink);
    }
  } else {
    // Several entries share a pixel: the largest shows its size, and a fence entry is never hidden by others.
    let i = from;
    while (i < to) {
      const pixel = Math.floor(x(unit[i]));
      let largestHere = i, stays = 0, go = 0, j = i;
      for (; j < to && Math.floor(x(unit[j])) === pixel; j++) {
        if (bytes[j] > bytes[largestHere]) largestHere = j;
        if (goes(j)) go++; else stays++;
      }
      bar(context, largestHere, pixel, 1, LANE.entries + 12, LANE.base);
      context.fillStyle = ink;
      if (stays > 0) { context.globalAlpha = Math.max(stays / (stays + go), 0.45); context.fillRect(pixel, LANE.plan, 1, LANE.planEnd - LANE.plan); context.globalAlpha = 1; }
      i = j;
    }
  }
  let labelled = -100;
  for (let i = from; i < to; i++) {
    if (!isFence(i)) continue;
    const left = x(unit[i]);
    fencePost(context, left, scale, LANE.base, colourOf(epoch[i]));
    const text = `epoch ${data.epochs[epoch[i]]}`;
    if (left > labelled) {
      context.fillStyle = ink;
      context.fillText(text, left + 8, LANE.entries + 8);
      labelled = left + context.measureText(text).width + 14;
    }
  }
  context.fillStyle = quiet;
  context.fillText("stays (filled) or would go (empty)", 4, LANE.planEnd + 15);
  drawAxis(context, x, width, quiet, line);
  drawMarks(context, x, width, ink, paper, mark);
  if (chosen >= 0) {
    context.strokeStyle = mark;
    context.lineWidth = 2;
    const wide = Math.max(scale, 6);
    context.strokeRect(x(unit[chosen]) - 2, LANE.entries - 2, wide + 4, LANE.planEnd - LANE.entries + 4);
  }
  drawOverview();
}

function planMark(context, i, left, wide, ink) {
  const high = LANE.planEnd - LANE.plan;
  if (goes(i)) {
    context.strokeStyle = ink;
    context.lineWidth = 1;
    context.strokeRect(left + 0.5, LANE.plan + 0.5, Math.max(wide - 1, 1), high - 1);
  } else {
    context.fillStyle = ink;
    context.fillRect(left, LANE.plan, wide, high);
  }
}

function drawAxis(context, x, width, quiet, line) {
  const span = view.to - view.from;
  const raw = span / Math.max(width / 110, 1);
  const power = 10 ** Math.floor(Math.log10(Math.max(raw, 1)));
  const step = Math.max([1, 2, 5, 10].find((k) => k * power >= raw) * power, 1);
  context.fillStyle = quiet;
  context.strokeStyle = line;
  let last = -Infinity;
  const from = below(unit, view.from), to = below(unit, view.to);
  const label = (i) => {
    const at = x(unit[i]);
    if (at < last) return;
    const text = name(offset[i]), wide = context.measureText(text).width;
    if (at + wide + 2 > width) return;
    context.fillText(text, at + 2, 14);
    context.beginPath();
    context.moveTo(at + 0.5, 4); context.lineTo(at + 0.5, LANE.marks - 4);
    context.stroke();
    last = at + wide + 24;
  };
  // Labels stand at round positions, found through the entries, since the axis may be folded.
  const base = Number(first % BigInt(step));
  let wanted = -Infinity;
  for (let i = from; i < to; i++) {
    if (offset[i] < wanted) continue;
    const rest = (offset[i] + base) % step;
    if (rest === 0 || i === from || offset[i] - (offset[i - 1] ?? offset[i]) > FOLD_ABOVE) { label(i); wanted = offset[i] + 1; }
    else wanted = offset[i] + (step - rest);
  }
}

function drawMarks(context, x, width, ink, paper, colour) {
  const ends = [-Infinity, -Infinity, -Infinity, -Infinity];
  for (const mark of [...marks].sort((a, b) => a.at - b.at)) {
    const left = x(unitOf(mark.at) + 1);
    mark.x = left;
    if (left < -1 || left > width + 1) continue;
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.setLineDash(mark.dash);
    context.beginPath();
    context.moveTo(left, LANE.marks); context.lineTo(left, LANE.planEnd);
    context.stroke();
    context.setLineDash([]);
    const text = `${mark.label} ${name(mark.at)}`;
    const wide = context.measureText(text).width;
    const begin = left + wide + 8 > width ? left - wide - 6 : left + 4;
    const lane = ends.findIndex((taken) => taken < begin);
    if (lane < 0) continue;
    ends[lane] = begin + wide + 10;
    context.fillStyle = paper;
    context.fillRect(begin - 2, LANE.marks + lane * 16, wide + 4, 15);
    context.fillStyle = ink;
    context.fillText(text, begin, LANE.marks + 12 + lane * 16);
  }
}

function drawOverview() {
  const { context, width, height } = prepare(overview);
  const span = end() - start + 2, scale = width / span;
  const x = (u) => (u + 1 - start) * scale;
  let i = 0;
  while (i < count) {
    const pixel = Math.floor(x(unit[i]));
    let j = i, tallest = i;
    for (; j < count && Math.floor(x(unit[j])) === pixel; j++) if (bytes[j] > bytes[tallest]) tallest = j;
    context.fillStyle = colourOf(epoch[tallest]);
    const high = (height - 6) * tallness(bytes[tallest]);
    context.fillRect(pixel, height - high, Math.max(scale, 1), high);
    i = j;
  }
  context.strokeStyle = css("--mark");
  context.lineWidth = 2;
  context.strokeRect(Math.max(x(view.from), 1), 1, Math.min((view.to - view.from) * scale, width - 2), height - 2);
}

// What one entry is, in words.
function describe(i) {
  const says = data.reasons[reason[i]];
  const fate = says.name === null ? "A collection now would delete it." : `It stays: ${says.sentence}`;
  const problem = data.problems[String(i)];
  const what = problem ? `cannot be read: ${problem}` :
    `${data.words[data.kinds[kind[i]]]}, epoch ${data.epochs[epoch[i]]}, ${number(rows[i])} rows, ${size(bytes[i])}, ${data.states[state[i]]}`;
  return `Position ${name(offset[i])}: ${what}.\n${fate}`;
}
function choose(i, follow) {
  chosen = Math.max(0, Math.min(count - 1, i));
  if (count === 0) return;
  const u = unit[chosen];
  if (follow && (u < view.from || u + 1 > view.to)) centre(u);
  $("said").textContent = describe(chosen);
  request();
}

function clamp() {
  const whole = end() - start + 2;
  let span = Math.min(Math.max(view.to - view.from, 4), whole);
  let from = view.from;
  from = Math.max(start - 1, Math.min(from, end() + 1 - span));
  view = { from, to: from + span };
}
function zoom(factor, around) {
  const centreAt = around ?? (view.from + view.to) / 2;
  view = { from: centreAt - (centreAt - view.from) * factor, to: centreAt + (view.to - centreAt) * factor };
  clamp(); request();
}
function move(units) { view = { from: view.from + units, to: view.to + units }; clamp(); request(); }
function centre(u) { const half = (view.to - view.from) / 2; view = { from: u - half, to: u + half }; clamp(); request(); }
function close(u) { const span = Math.min(view.to - view.from, 160); view = { from: u - span / 2, to: u + span / 2 }; clamp(); request(); }
function all() { view = { from: start - 1, to: end() + 1 }; request(); }
let waiting = false;
function request() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
}

const actions = {
  in: () => zoom(0.5), out: () => zoom(2), all,
  replay: () => close(unitOf(marks[0] ? marks[0].at : 0)), tail: () => close(end()),
  theme: () => {
    const dark = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    document.documentElement.dataset.theme = dark === "dark" ? "light" : "dark";
    legend(); request();
  },
};
document.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", () => actions[button.dataset.do]()));
$("goto").addEventListener("change", (event) => {
  const text = event.target.value.replace(/[^0-9]/g, "");
  if (text === "" || count === 0) return;
  const at = offsetOf(text);
  close(unitOf(at));
  choose(Math.min(below(offset, at), count - 1), true);
});
document.addEventListener("keydown", (event) => {
  if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
  const span = view.to - view.from;
  const keys = {
    "+": actions.in, "=": actions.in, "-": actions.out, "0": all, r: actions.replay, d: actions.theme,
    Home: () => choose(0, true), End: () => { actions.tail(); choose(count - 1, false); },
    PageUp: () => move(-span * 0.8), PageDown: () => move(span * 0.8),
    f: () => { let i = chosen + 1; while (i < count && !isFence(i)) i++; if (i < count) choose(i, true); },
    ArrowLeft: () => (event.shiftKey ? move(-span * 0.2) : choose(chosen < 0 ? below(unit, view.to) - 1 : chosen - 1, true)),
    ArrowRight: () => (event.shiftKey ? move(span * 0.2) : choose(chosen < 0 ? below(unit, view.from) : chosen + 1, true)),
  };
  const act = keys[event.key] ?? keys[event.key.toLowerCase()];
  if (act) { act(); event.preventDefault(); }
});
const unitAt = (canvas, event) => {
  const box = canvas.getBoundingClientRect();
  return (event.clientX - box.left) / box.width;
};
map.addEventListener("wheel", (event) => {
  event.preventDefault();
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) return move((event.deltaX / map.clientWidth) * (view.to - view.from));
  zoom(event.deltaY > 0 ? 1.25 : 0.8, view.from + unitAt(map, event) * (view.to - view.from));
}, { passive: false });
let drag = null;
map.addEventListener("pointerdown", (event) => { drag = { x: event.clientX, from: view.from, moved: false }; map.setPointerCapture(event.pointerId); });
map.addEventListener("pointerup", (event) => {
  if (drag && !drag.moved) { const i = entryAt(event); if (i >= 0) choose(i, false); }
  drag = null;
});
map.addEventListener("pointermove", (event) => {
  if (drag) {
    const span = view.to - view.from;
    if (Math.abs(event.clientX - drag.x) > 3) drag.moved = true;
    view.from = drag.from - ((event.clientX - drag.x) / map.clientWidth) * span;
    view.to = view.from + span;
    clamp(); request();
    return;
  }
  tip(event);
});
map.addEventListener("pointerleave", () => { $("tip").hidden = true; });
overview.addEventListener("pointerdown", (event) => { overview.setPointerCapture(event.pointerId); jump(event); });
overview.addEventListener("pointermove", (event) => { if (event.buttons) jump(event); });
function jump(event) { centre(start - 1 + unitAt(overview, event) * (end() - start + 2)); }
function entryAt(event) {
  const u = view.from + unitAt(map, event) * (view.to - view.from);
  const i = below(unit, u + 1e-9) - 1;
  const reach = Math.max(1, (3 * (view.to - view.from)) / map.clientWidth);
  return i >= 0 && u - unit[i] < reach ? i : -1;
}
function tip(event) {
  const box = map.getBoundingClientRect(), here = event.clientX - box.left;
  const mark = event.clientY - box.top < LANE.entries && marks.find((mark) => Math.abs(mark.x - here) < 6);
  const i = entryAt(event);
  const text = mark ? `${mark.label} ${name(mark.at)}\n${mark.say}` : i >= 0 ? describe(i) : "";
  const place = $("tip");
  place.hidden = text === "";
  if (text === "") return;
  place.textContent = text;
  const wide = place.offsetWidth;
  place.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - wide - 8))}px`;
  place.style.top = `${Math.min(event.clientY + 16, innerHeight - place.offsetHeight - 8)}px`;
}

function element(tag, text, kindOf) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (kindOf) made.className = kindOf;
  return made;
}
function legend() {
  const list = $("legend");
  list.replaceChildren();
  const add = (text, paint) => {
    const item = element("span"), canvas = document.createElement("canvas");
    canvas.width = 52; canvas.height = 40;
    const context = canvas.getContext("2d");
    context.scale(2, 2);
    context.strokeStyle = context.fillStyle = EPOCHS[0];
    paint(context);
    item.append(canvas, element("span", text));
    list.append(item);
  };
  add("data: the height shows the size, the colour the epoch", (c) => c.fillRect(8, 3, 10, 17));
  add("fence entry: an epoch begins", (c) => { c.fillRect(12, 2, 3, 18); c.beginPath(); c.moveTo(7, 2); c.lineTo(20, 2); c.lineTo(13.5, 11); c.fill(); });
  add("filler: occupies a position of the fence range", (c) => { c.globalAlpha = 0.28; c.fillRect(8, 12, 10, 8); c.globalAlpha = 1; c.strokeRect(8.5, 12.5, 9, 7); });
  add("close entry: an epoch ended cleanly", (c) => { c.fillRect(8, 6, 10, 14); c.fillStyle = css("--paper"); c.fillRect(11, 10, 4, 5); });
  add("given up by a repair: what was here is lost", (c) => { c.fillRect(8, 14, 10, 6); c.fillStyle = css("--ink"); c.fillText("†", 10, 12); });
  add("stale entry: written by a dead writer, read by nobody", (c) => { c.strokeRect(8.5, 4.5, 9, 15); c.beginPath(); c.moveTo(8, 20); c.lineTo(18, 4); c.moveTo(8, 4); c.lineTo(18, 20); c.stroke(); });
  add("stays", (c) => { c.fillStyle = css("--ink"); c.fillRect(8, 6, 10, 10); });
  add("would be deleted", (c) => { c.strokeStyle = css("--ink"); c.strokeRect(8.5, 6.5, 9, 9); });
}
function row(cells, header) {
  const made = document.createElement("tr");
  for (const cell of cells) {
    const isNumber = typeof cell === "number";
    made.append(element(header ? "th" : "td", isNumber ? number(cell) : cell, isNumber ? "number" : ""));
  }
  return made;
}
function fill(table, header, lines) {
  const head = document.createElement("thead"), body = document.createElement("tbody");
  head.append(row(header, true));
  body.append(...lines);
  table.replaceChildren(head, body);
}
function plan() {
  const sums = data.reasons.map(() => ({ entries: 0, bytes: 0 }));
  for (let i = 0; i < count; i++) { sums[reason[i]].entries++; sums[reason[i]].bytes += bytes[i]; }
  const lines = data.reasons.flatMap((says, i) => (sums[i].entries === 0 ? [] : [row([
    says.name === null ? "would go" : "stays", sums[i].entries, size(sums[i].bytes), says.name === null ? "nothing needs it" : says.sentence,
  ])]));
  fill($("plan"), ["", "entries", "bytes", "why"], lines);
}
function ranges() {
  const found = [];
  for (let i = 0; i < count;) {
    let j = i + 1, sum = bytes[i];
    const like = (k) => kind[k] === kind[i] && epoch[k] === epoch[i] && state[k] === state[i] && reason[k] === reason[i] && offset[k] === offset[k - 1] + 1;
    while (j < count && like(j)) { sum += bytes[j]; j++; }
    found.push({ i, j, sum });
    i = j;
  }
  const shown = found.slice(-RANGES_MAX);
  $("ranges-note").textContent = found.length > shown.length ?
    `The last ${number(shown.length)} of ${number(found.length)} ranges. A click goes there.` : "A click goes there.";
  const lines = shown.map(({ i, j, sum }) => {
    const says = data.reasons[reason[i]];
    const line = row([
      j - i === 1 ? name(offset[i]) : `${name(offset[i])} to ${name(offset[j - 1])}`, data.words[data.kinds[kind[i]]],
      epoch[i] < 0 ? "?" : String(data.epochs[epoch[i]]), j - i, size(sum), data.states[state[i]], says.name === null ? "would go" : `stays: ${says.name}`,
    ]);
    line.addEventListener("click", () => { close(unit[i]); choose(i, true); map.focus(); });
    return line;
  });
  fill($("ranges"), ["positions", "kind", "epoch", "entries", "bytes", "state", "a collection now"], lines);
}
const RANGES_MAX = 400;

function page() {
  document.title = `${data.location}: fencepost log`;
  $("title").textContent = data.location;
  let sum = 0, gone = 0;
  for (let i = 0; i < count; i++) { sum += bytes[i]; if (goes(i)) gone++; }
  $("summary").textContent = count === 0 ? "This log holds no entries." :
    `${number(count)} entries, ${size(sum)}, from position ${name(offset[0])} to ${name(offset[count - 1])}. A collection now would delete ${number(gone)} of them.`;
  const facts = [
    ["shard", data.shard], ["status", data.manifest.status], ["manifest version", number(data.manifest.version)], ["writer epoch", number(data.manifest.writer_epoch)],
    ["replay point", number(Number(data.manifest.replay_after))], ["tail", number(Number(data.tail))], ["boundary", number(Number(data.boundary))],
    ["cursors", data.cursors.length === 0 ? "none" : data.cursors.map((cursor) => `${cursor.name} at ${number(Number(cursor.position))} (lag ${number(cursor.lag)})`).join(", ")],
  ];
  for (const [term, value] of facts) {
    const item = element("div");
    item.append(element("dt", term), element("dd", String(value)));
    $("facts").append(item);
  }
  legend(); plan(); ranges(); draw();
}
page();
addEventListener("resize", request);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { legend(); request(); });
