// One log as it was found. The data are columns: run-length lists [value, times, value, times, …], positions as
// distances from one entry to the next, counted from `first`, which is text because it may be larger than a number can hold.
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

const word = (i) => data.kinds[kind[i]];
const isFence = (i) => word(i) === "fence";
const isStale = (i) => data.states[state[i]] === "stale_entry";
const goes = (i) => data.reasons[reason[i]].name === null;

const first = BigInt(data.first);
const name = (at) => (first + BigInt(Math.round(at))).toLocaleString("en");
const offsetOf = (position) => Number(BigInt(position) - first);
const positionText = (text) => BigInt(text).toLocaleString("en");
function short(text) { return text.length > 28 ? `${text.slice(0, 27)}…` : text; }

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

// Lines at positions; what comes first gets a label first.
const lines = [
  { label: "checkpoint", at: offsetOf(data.manifest.replay_after), dash: [], say: "Entries up to here are safe elsewhere. Reading and replay begin above." },
  { label: "tail", at: offsetOf(data.tail), dash: [2, 3], say: "The last entry of the unbroken run above the checkpoint." },
  { label: "boundary", at: offsetOf(data.boundary), dash: [6, 3], say: "Collectors may have deleted entries up to here." },
  ...data.cursors.map((cursor) => ({
    label: `cursor ${short(cursor.name)}`, at: offsetOf(cursor.position), dash: [9, 3, 2, 3],
    say: `The consumer ${cursor.name} is done up to here; ${number(cursor.lag)} positions lie between it and the tail.`,
  })),
].filter((line) => line.at >= offsetOf(1) - 1 && Number.isFinite(line.at));
