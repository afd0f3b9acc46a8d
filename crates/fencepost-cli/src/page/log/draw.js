// The picture: bars for entries (height by size, colour and hatching by epoch, shape by kind), a lane that says what a
// collection would take, lines at positions, and above it all of the log in small.
// Okabe and Ito's colours, which people with any kind of colour blindness can tell apart.
const EPOCHS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c7f00"];
const colourOf = (e) => (e < 0 ? "#8a8f98" : EPOCHS[e % EPOCHS.length]);
const LANE = { labels: 26, notes: 108, entries: 126, base: 278, plan: 292, planEnd: 312 };
const WIDE = 3; // From so many pixels on, an entry has a bar of its own.
const GLYPHS = { "?": "?", tombstone: "†", close: "■" };

const map = $("map"), overview = $("overview");
const end = () => (count === 0 ? 1 : unit[count - 1] + 1);
const margin = () => Math.max(1, end() * 0.012);
const whole = () => ({ from: -margin(), to: end() + margin() });
let view = whole();
let chosen = -1;
let paint; // The colours of the theme, and the hatching in them.

let largest = 1, smallest = Infinity;
for (let i = 0; i < count; i++) { largest = Math.max(largest, bytes[i]); smallest = Math.min(smallest, bytes[i]); }
const magnitude = (b) => Math.log2(1 + b), span = magnitude(largest) - magnitude(Math.min(smallest, largest));
const tallness = (b) => 0.2 + 0.8 * (span > 0 ? (magnitude(b) - magnitude(smallest)) / span : 1);

function colours() {
  const made = theme();
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const context = tile.getContext("2d");
  context.strokeStyle = made.paper;
  context.globalAlpha = 0.45;
  context.lineWidth = 1.5;
  for (const shift of [-8, 0, 8]) { context.moveTo(shift, 8); context.lineTo(shift + 8, 0); }
  context.stroke();
  made.hatching = context.createPattern(tile, "repeat");
  return made;
}

// A rectangle in an epoch's colour; every second epoch is hatched too.
function block(context, e, x, y, width, height, alpha = 1) {
  context.globalAlpha = alpha;
  context.fillStyle = colourOf(e);
  context.fillRect(x, y, width, height);
  if (e % 2 === 1) { context.fillStyle = paint.hatching; context.fillRect(x, y, width, height); }
  context.globalAlpha = 1;
}

function bar(context, i, x, width) {
  const high = (LANE.base - LANE.entries) * tallness(bytes[i]), top = LANE.base - high;
  if (word(i) !== "filler" && !isStale(i)) return block(context, epoch[i], x, top, width, high);
  block(context, epoch[i], x, top, width, high, 0.25);
  context.strokeStyle = colourOf(epoch[i]);
  context.lineWidth = 1;
  context.strokeRect(x + 0.5, top + 0.5, Math.max(width - 1, 1), high - 1);
  if (!isStale(i)) return;
  context.beginPath();
  context.moveTo(x, LANE.base); context.lineTo(x + width, top);
  context.moveTo(x, top); context.lineTo(x + width, LANE.base);
  context.stroke();
}

// Entries that share a pixel: solid up to their mean size, light up to the largest.
function pixel(context, x, from, to) {
  let sum = 0, most = 0, fillers = 0, go = 0;
  for (let i = from; i < to; i++) {
    sum += bytes[i];
    most = Math.max(most, bytes[i]);
    if (word(i) === "filler" || isStale(i)) fillers++;
    if (goes(i)) go++;
  }
  const room = LANE.base - LANE.entries, here = to - from;
  const mean = room * tallness(sum / here), top = room * tallness(most);
  block(context, epoch[from], x, LANE.base - top, 1, top, 0.4);
  block(context, epoch[from], x, LANE.base - mean, 1, mean, fillers * 2 > here ? 0.25 : 1);
  return go / here;
}

function drawEntries(context, x, scale, from, to) {
  const laneHigh = LANE.planEnd - LANE.plan;
  context.lineWidth = 1;
  for (let i = from; i < to;) {
    const left = x(unit[i]);
    if (scale >= WIDE) {
      const wide = scale - (scale > 6 ? 1 : 0.5);
      bar(context, i, left, wide);
      context.strokeStyle = context.fillStyle = paint.ink;
      if (goes(i)) context.strokeRect(left + 0.5, LANE.plan + 0.5, Math.max(wide - 1, 1), laneHigh - 1);
      else context.fillRect(left, LANE.plan, wide, laneHigh);
      i++;
      continue;
    }
    const at = Math.floor(left);
    let next = i + 1;
    while (next < to && Math.floor(x(unit[next])) === at) next++;
    const share = pixel(context, at, i, next), empty = Math.round(share * (laneHigh - 2));
    context.fillStyle = paint.ink;
    context.fillRect(at, LANE.plan, 1, 1);
    context.fillRect(at, LANE.plan + 1 + empty, 1, laneHigh - 1 - empty);
    i = next;
  }
}

function drawFolds(context, x, scale) {
  for (const fold of folds) {
    if (fold.to < view.from || fold.from > view.to) continue;
    const left = x(fold.from), wide = (fold.to - fold.from) * scale;
    context.fillStyle = paint.soft;
    context.fillRect(left, LANE.entries, wide, LANE.planEnd - LANE.entries);
    context.fillStyle = paint.quiet;
    if (wide > 90) {
      context.fillText(`${number(fold.gap)} positions`, left + 4, LANE.entries + 60);
      context.fillText("hold nothing", left + 4, LANE.entries + 75);
    } else if (wide > 8) context.fillText("⋯", left + wide / 2 - 5, LANE.entries + 66);
  }
}

// Fence entries and what is out of the ordinary: never hidden by others, and each with a shape of its own.
function drawNotes(context, x, from, to) {
  const labels = [];
  let noted = -100;
  for (let i = from; i < to; i++) {
    const left = x(unit[i]), middle = left + Math.max(x(unit[i] + 1) - left, 1) / 2;
    const glyph = isStale(i) ? "✕" : GLYPHS[word(i)];
    if (glyph !== undefined && middle > noted + 9) {
      context.fillStyle = paint.ink;
      context.textAlign = "center";
      context.fillText(glyph, middle, LANE.entries - 4);
      context.textAlign = "start";
      noted = middle;
    }
    if (!isFence(i)) continue;
    context.fillStyle = colourOf(epoch[i]);
    context.fillRect(left, LANE.notes, 2, LANE.base - LANE.notes);
    context.beginPath();
    context.moveTo(left - 5, LANE.notes - 8); context.lineTo(left + 7, LANE.notes - 8); context.lineTo(left + 1, LANE.notes + 2);
    context.fill();
    labels.push({ left, text: `epoch ${data.epochs[epoch[i]]}` });
  }
  // A label stands where it fits before the next fence entry.
  labels.forEach(({ left, text }, nth) => {
    const wide = context.measureText(text).width;
    if (left + 10 + wide > (labels[nth + 1]?.left ?? Infinity) - 7) return;
    context.fillStyle = paint.paper;
    context.fillRect(left + 8, LANE.notes - 11, wide + 4, 14);
    context.fillStyle = paint.ink;
    context.fillText(text, left + 10, LANE.notes);
  });
}

function drawAxis(context, x, width) {
  const raw = (view.to - view.from) / Math.max(width / 110, 1);
  const power = 10 ** Math.floor(Math.log10(Math.max(raw, 1)));
  const step = Math.max([1, 2, 5, 10].find((k) => k * power >= raw) * power, 1);
  context.fillStyle = paint.quiet;
  context.strokeStyle = paint.line;
  // Labels stand at round positions, found through the entries, since the axis may be folded.
  const base = Number(first % BigInt(step));
  let wanted = -Infinity, taken = -Infinity;
  for (let i = below(unit, view.from); i < count && unit[i] < view.to; i++) {
    if (offset[i] < wanted) continue;
    const rest = (offset[i] + base) % step, isNew = i === 0 || offset[i] - offset[i - 1] > FOLD_ABOVE;
    wanted = rest === 0 ? offset[i] + 1 : offset[i] + (step - rest);
    const at = x(unit[i]), text = name(offset[i]), wide = context.measureText(text).width;
    if ((rest !== 0 && !isNew) || at < taken || at < 0 || at + wide + 2 > width) continue;
    context.fillText(text, at + 3, 14);
    context.beginPath();
    context.moveTo(at + 0.5, 4); context.lineTo(at + 0.5, LANE.labels - 4);
    context.stroke();
    taken = at + wide + 24;
  }
}

function drawLines(context, x, width) {
  context.strokeStyle = paint.mark;
  context.lineWidth = 1.5;
  for (const line of lines) {
    line.x = x(unitOf(line.at) + 1);
    context.setLineDash(line.dash);
    context.beginPath();
    context.moveTo(line.x, LANE.labels); context.lineTo(line.x, LANE.planEnd);
    context.stroke();
  }
  context.setLineDash([]);
  const lanes = [[], [], [], []];
  for (const line of lines) {
    if (line.x < -1 || line.x > width + 1) continue;
    const text = `${line.label} ${name(line.at)}`, wide = context.measureText(text).width;
    const from = line.x + wide + 8 > width ? line.x - wide - 6 : line.x + 4;
    const lane = lanes.findIndex((taken) => taken.every(([low, high]) => from + wide + 10 < low || from > high));
    if (lane < 0) continue;
    lanes[lane].push([from, from + wide + 10]);
    context.fillStyle = paint.paper;
    context.fillRect(from - 2, LANE.labels + lane * 17, wide + 4, 16);
    context.fillStyle = paint.ink;
    context.fillText(text, from, LANE.labels + 12 + lane * 17);
  }
}

function draw() {
  paint = colours();
  const { context, width } = prepare(map);
  const scale = width / (view.to - view.from);
  const x = (u) => (u - view.from) * scale;
  const from = below(unit, view.from - 1), to = Math.min(below(unit, view.to + 1), count);
  drawFolds(context, x, scale);
  drawEntries(context, x, scale, from, to);
  context.fillStyle = paint.line;
  context.fillRect(0, LANE.base, width, 1);
  drawAxis(context, x, width);
  drawLines(context, x, width);
  drawNotes(context, x, from, to);
  context.fillStyle = paint.quiet;
  context.fillText("a collection now: stays (filled), would go (empty)", 4, LANE.planEnd + 15);
  if (chosen >= 0) {
    context.strokeStyle = paint.mark;
    context.lineWidth = 2;
    context.strokeRect(x(unit[chosen]) - 2, LANE.entries - 2, Math.max(scale, 6) + 4, LANE.planEnd - LANE.entries + 4);
  }
  drawOverview();
}

function drawOverview() {
  const { context, width, height } = prepare(overview);
  const { from, to } = whole(), scale = width / (to - from);
  const x = (u) => (u - from) * scale;
  for (let i = 0; i < count;) {
    const at = Math.floor(x(unit[i]));
    let next = i, tallest = i;
    for (; next < count && Math.floor(x(unit[next])) === at; next++) if (bytes[next] > bytes[tallest]) tallest = next;
    const high = (height - 8) * tallness(bytes[tallest]);
    block(context, epoch[tallest], at, height - high, Math.max(scale, 1), high);
    i = next;
  }
  context.strokeStyle = paint.mark;
  context.lineWidth = 2;
  context.strokeRect(Math.max(x(view.from), 1), 1, Math.min((view.to - view.from) * scale, width - 2), height - 2);
}
