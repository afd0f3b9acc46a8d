// Many shards: a dot for each, and a table that is sorted by any column and filtered. The data are lists of cells, in the
// order of `data.columns`.
const shards = data.shards.map((cells) => Object.fromEntries(data.columns.map((name, i) => [name, cells[i]])));

function duration(seconds) {
  const units = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
  const first = units.findIndex(([, long]) => seconds >= long);
  if (first < 0) return "0s";
  const [unit, long] = units[first], rest = units[first + 1];
  const more = rest ? Math.floor((seconds % long) / rest[1]) : 0;
  return `${Math.floor(seconds / long)}${unit}${more ? ` ${more}${rest[0]}` : ""}`;
}
const ago = (seconds) => (seconds === null ? "" : `${duration(seconds)} ago`);

// What a shard can be compared by, and the numbers that stand at its scale.
const COUNTS = Array.from({ length: 15 }, (_, i) => 10 ** i), SIZES = [1, ...Array.from({ length: 18 }, (_, i) => 1024 * 8 ** i)];
const TIMES = [1, 10, 60, 600, 3600, 6 * 3600, 86400, 7 * 86400, 30 * 86400, 365 * 86400];
const MEASURES = {
  above: { says: "entries above the checkpoint", show: number, ticks: COUNTS },
  above_bytes: { says: "bytes above the checkpoint", show: size, ticks: SIZES },
  age: { says: "age of the oldest entry above the checkpoint", show: duration, ticks: TIMES },
  lag: { says: "positions that the slowest cursor is behind", show: number, ticks: COUNTS },
  entries: { says: "entries", show: number, ticks: COUNTS },
  bytes: { says: "bytes", show: size, ticks: SIZES },
  collected: { says: "time since the last collection", show: duration, ticks: TIMES },
  epoch: { says: "epoch", show: number, ticks: COUNTS },
};
const COLUMNS = [
  ["shard", "shard"], ["attention", "attention"], ["epoch", "epoch", number], ["above", "above the checkpoint", number], ["above_bytes", "bytes", size],
  ["age", "oldest", ago], ["lag", "slowest cursor", number], ["entries", "entries", number], ["bytes", "bytes", size],
  ["collected", "collected", ago], ["writer", "writer"],
];

let sorted = { by: "attention", descends: true };
let shown = [], rowsShown, alone = null;

function compare(one, other) {
  const a = one[sorted.by], b = other[sorted.by];
  // What is not known comes last, whatever the order.
  if (a === null || a === "") return b === null || b === "" ? 0 : 1;
  if (b === null || b === "") return -1;
  const order = typeof a === "number" ? a - b : a < b ? -1 : a > b ? 1 : 0;
  return sorted.descends ? -order : order;
}
function choose() {
  const wanted = $("filter").value.trim().toLowerCase(), only = $("attention").checked;
  const has = (shard) => [shard.shard, shard.writer, shard.attention, shard.slowest].some((text) => (text ?? "").toLowerCase().includes(wanted));
  shown = shards.filter((shard) => (alone === null || shard === alone) && (!only || shard.attention !== "") && has(shard));
  shown.sort(compare);
  rowsShown = ROWS;
  table();
  request();
}

function table() {
  const head = element("thead"), body = element("tbody"), titles = element("tr");
  for (const [name, title, show] of COLUMNS) {
    const cell = element("th", undefined, show ? "number" : ""), button = element("button", title, "link");
    cell.scope = "col";
    button.type = "button";
    if (sorted.by === name) cell.ariaSort = sorted.descends ? "descending" : "ascending";
    button.append(element("span", sorted.by !== name ? "" : sorted.descends ? " ▼" : " ▲"));
    button.addEventListener("click", () => {
      sorted = { by: name, descends: sorted.by === name ? !sorted.descends : show !== undefined || name === "attention" };
      choose();
      $("shards").querySelector(`th:nth-child(${COLUMNS.findIndex((column) => column[0] === name) + 1}) button`).focus();
    });
    cell.append(button);
    titles.append(cell);
  }
  head.append(titles);
  for (const shard of shown.slice(0, rowsShown)) {
    const line = element("tr");
    for (const [name, , show] of COLUMNS) {
      const value = shard[name];
      line.append(element("td", value === null ? "" : show ? show(value) : value, show ? "number" : name === "attention" || name === "writer" ? "wide" : ""));
    }
    body.append(line);
  }
  $("shards").replaceChildren(head, body);
  $("more").hidden = shown.length <= rowsShown;
  $("note").textContent = `${number(shown.length)} of ${number(shards.length)} shards${shown.length > rowsShown ? `, the first ${number(rowsShown)} of them here` : ""}.`;
}

// The picture.
const map = $("map");
const INSET = { left: 84, right: 14, top: 12, bottom: 40 };
function scale(name, from, to) {
  let most = 1;
  for (const shard of shards) most = Math.max(most, shard[name] ?? 0);
  const step = (to - from - 10 * Math.sign(to - from)) / Math.log10(1 + most);
  const place = (value) => from + 10 * Math.sign(to - from) + Math.log10(1 + value) * step;
  const fitting = MEASURES[name].ticks.filter((tick) => tick <= most), every = Math.ceil(fitting.length / 8);
  return { place, ticks: [0, ...fitting.filter((_, i) => i % every === 0)] };
}
function draw() {
  const paint = theme(), { context, width, height } = prepare(map);
  const across = $("across").value, up = $("up").value;
  const x = scale(across, INSET.left, width - INSET.right), y = scale(up, height - INSET.bottom, INSET.top);
  context.fillStyle = paint.quiet;
  context.strokeStyle = paint.line;
  context.textAlign = "center";
  for (const tick of x.ticks) {
    const here = Math.round(x.place(tick)) + 0.5;
    context.beginPath(); context.moveTo(here, INSET.top); context.lineTo(here, height - INSET.bottom); context.stroke();
    context.fillText(MEASURES[across].show(tick), here, height - INSET.bottom + 15);
  }
  context.fillText(MEASURES[across].says, (INSET.left + width) / 2, height - 6);
  context.textAlign = "right";
  for (const tick of y.ticks) {
    const here = Math.round(y.place(tick)) + 0.5;
    context.beginPath(); context.moveTo(INSET.left, here); context.lineTo(width - INSET.right, here); context.stroke();
    context.fillText(MEASURES[up].show(tick), INSET.left - 6, here + 4);
  }
  context.textAlign = "start";
  const visible = new Set(shown), first = new Set(shown.slice(0, 10));
  // Those that are filtered out lie beneath, those that need attention on top.
  const layer = (shard) => (visible.has(shard) ? (shard.attention === "" ? 1 : 2) : 0);
  for (const shard of [...shards].sort((a, b) => layer(a) - layer(b))) {
    shard.place = null;
    if (shard[across] === null || shard[up] === null) continue;
    const [left, top] = [x.place(shard[across]), y.place(shard[up])];
    context.globalAlpha = visible.has(shard) ? (shard.attention === "" ? 0.45 : 0.95) : 0.08;
    context.fillStyle = shard.attention === "" ? paint.mark : "#d55e00";
    context.beginPath();
    if (shard.attention === "") context.arc(left, top, 3.5, 0, 7);
    else { context.moveTo(left, top - 5); context.lineTo(left + 5, top + 4); context.lineTo(left - 5, top + 4); }
    context.fill();
    if (visible.has(shard)) shard.place = [left, top];
    if (!first.has(shard) || !visible.has(shard)) continue;
    context.globalAlpha = 1;
    context.strokeStyle = paint.ink;
    context.beginPath(); context.arc(left, top, 7, 0, 7); context.stroke();
  }
  context.globalAlpha = 1;
}
function nearest(event) {
  const box = map.getBoundingClientRect(), px = event.clientX - box.left, py = event.clientY - box.top;
  let best = null, least = 12 ** 2;
  for (const shard of shards) {
    if (!shard.place) continue;
    const far = (shard.place[0] - px) ** 2 + (shard.place[1] - py) ** 2;
    if (far < least) { least = far; best = shard; }
  }
  return best;
}
function describe(shard) {
  const parts = Object.entries(MEASURES).flatMap(([name, { says, show }]) => (shard[name] === null ? [] : [`${says}: ${show(shard[name])}`]));
  const slowest = shard.slowest ? [`slowest cursor: ${shard.slowest}`] : [];
  return [shard.shard, ...parts, ...slowest, shard.writer, shard.attention].filter(Boolean).join("\n");
}
map.addEventListener("pointermove", (event) => { const shard = nearest(event); tell(event, shard ? describe(shard) : ""); });
map.addEventListener("pointerleave", () => { $("tip").hidden = true; });
map.addEventListener("click", (event) => { alone = alone === null ? nearest(event) : null; choose(); });

function redraw() { draw(); }
function page() {
  document.title = `${data.location}: fencepost shards`;
  $("title").textContent = data.location;
  const needing = shards.filter((shard) => shard.attention !== "").length;
  $("summary").textContent = `${number(shards.length)} shards, ${needing === 0 ? "none of which needs" : `of which ${number(needing)} need`} attention, as they were at ${new Date(data.now * 1000).toISOString().replace("T", " ").slice(0, 19)} UTC.`;
  const sum = (name) => shards.reduce((all, shard) => all + (shard[name] ?? 0), 0);
  const most = (name) => shards.reduce((all, shard) => Math.max(all, shard[name] ?? 0), 0);
  facts([
    ["entries", number(sum("entries"))], ["bytes", size(sum("bytes"))], ["above checkpoints", number(sum("above"))],
    ["their bytes", size(sum("above_bytes"))], ["oldest of them", duration(most("age"))], ["slowest cursor", `${number(most("lag"))} behind`],
  ]);
  for (const [id, wanted] of [["across", "above"], ["up", "age"]]) {
    for (const [name, { says }] of Object.entries(MEASURES)) {
      const option = element("option", says);
      option.value = name;
      option.selected = name === wanted;
      $(id).append(option);
    }
    $(id).addEventListener("change", request);
  }
  $("filter").addEventListener("input", choose);
  $("attention").addEventListener("change", choose);
  $("clear").addEventListener("click", () => { $("filter").value = ""; $("attention").checked = false; alone = null; choose(); });
  $("more").addEventListener("click", () => { rowsShown += ROWS; table(); });
  $("theme").addEventListener("click", switchTheme);
  choose();
  draw();
}
const ROWS = 200;
page();
