// What the picture shows, in words and tables, for those who do not look at it as well.
function describe(i) {
  const says = data.reasons[reason[i]], problem = data.problems[String(i)];
  const fate = says.name === null ? "A collection now would delete it." : `It stays: ${says.sentence}`;
  const what = problem ? `cannot be read: ${problem}` :
    `${data.words[word(i)]}, epoch ${data.epochs[epoch[i]]}, ${number(rows[i])} rows, ${size(bytes[i])}, ${data.states[state[i]].replace("_", " ")}`;
  return `Position ${name(offset[i])}: ${what}.\n${fate}`;
}

function fill(table, header, lines) {
  const head = document.createElement("thead"), body = document.createElement("tbody");
  head.append(row(header, "th"));
  head.querySelectorAll("th").forEach((cell, i) => {
    cell.scope = "col";
    if (lines[0]?.children[i]?.className === "number") cell.className = "number";
  });
  body.append(...lines);
  table.replaceChildren(head, body);
}
// A row that leads somewhere, by pointer and by key.
function leads(line, go) {
  const cell = line.firstChild, button = element("button", cell.textContent, "link");
  button.type = "button";
  cell.replaceChildren(button);
  line.addEventListener("click", () => { go(); map.scrollIntoView({ block: "nearest" }); map.focus({ preventScroll: true }); });
  return line;
}

function legend() {
  const list = $("legend");
  list.replaceChildren();
  const add = (text, draws) => {
    const item = element("span"), canvas = document.createElement("canvas");
    canvas.width = 52; canvas.height = 40;
    const context = canvas.getContext("2d");
    context.scale(2, 2);
    context.font = "13px system-ui, sans-serif";
    context.strokeStyle = context.fillStyle = EPOCHS[0];
    draws(context);
    item.append(canvas, element("span", text));
    list.append(item);
  };
  const glyph = (text) => (c) => { c.fillStyle = paint.ink; c.fillText(text, 8, 16); };
  add("data: the height shows the size", (c) => c.fillRect(8, 3, 10, 17));
  add("colour and hatching: the epoch", (c) => { block(c, 0, 3, 3, 10, 17); block(c, 1, 13, 3, 10, 17); });
  add("fence entry: an epoch begins", (c) => { c.fillRect(12, 2, 2, 18); c.beginPath(); c.moveTo(7, 2); c.lineTo(19, 2); c.lineTo(13, 11); c.fill(); });
  add("filler: occupies a position of a fence range", (c) => { c.globalAlpha = 0.25; c.fillRect(8, 8, 10, 12); c.globalAlpha = 1; c.strokeRect(8.5, 8.5, 9, 11); });
  add("close entry: an epoch ended cleanly", glyph(GLYPHS.close));
  add("stale entry: written by a dead writer, read by nobody", glyph("✕"));
  add("given up by a repair: what was here is lost", glyph(GLYPHS.tombstone));
  add("cannot be read", glyph(GLYPHS["?"]));
  add("stays", (c) => { c.fillStyle = paint.ink; c.fillRect(8, 6, 10, 10); });
  add("would be deleted", (c) => { c.strokeStyle = paint.ink; c.strokeRect(8.5, 6.5, 9, 9); });
  add("where bars share a pixel: solid to the mean, light to the largest", (c) => { block(c, 0, 8, 3, 10, 17, 0.4); c.fillRect(8, 9, 10, 11); });
}

function plan() {
  const sums = data.reasons.map(() => ({ entries: 0, bytes: 0 }));
  for (let i = 0; i < count; i++) { sums[reason[i]].entries++; sums[reason[i]].bytes += bytes[i]; }
  const told = data.reasons.flatMap((says, i) => (sums[i].entries === 0 ? [] : [row([
    says.name === null ? "would go" : "stays", sums[i].entries, size(sums[i].bytes), says.name === null ? "nothing needs it" : says.sentence,
  ])]));
  fill($("plan"), ["", "entries", "bytes", "why"], told);
}

function cursors() {
  const slowest = [...data.cursors].sort((a, b) => b.lag - a.lag);
  $("cursors-note").textContent = slowest.length === 0 ? "There are none: collections keep nothing for consumers." :
    slowest.length > ROWS_MAX ? `The slowest ${number(ROWS_MAX)} of ${number(slowest.length)}.` : "The slowest first.";
  $("cursors").hidden = slowest.length === 0;
  const told = slowest.slice(0, ROWS_MAX).map((cursor) => leads(
    row([cursor.name, positionText(cursor.position), cursor.lag]), () => near(unitOf(offsetOf(cursor.position))),
  ));
  fill($("cursors"), ["cursor", "position", "behind the tail"], told);
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
  const shown = found.slice(-ROWS_MAX);
  $("ranges-note").textContent = found.length > shown.length ?
    `The last ${number(shown.length)} of ${number(found.length)} ranges. Each leads to its place.` : "Each leads to its place.";
  const told = shown.map(({ i, j, sum }) => {
    const says = data.reasons[reason[i]];
    const line = row([
      j - i === 1 ? name(offset[i]) : `${name(offset[i])} to ${name(offset[j - 1])}`, data.words[word(i)],
      epoch[i] < 0 ? "?" : String(data.epochs[epoch[i]]), j - i, size(sum), data.states[state[i]].replace("_", " "),
      says.name === null ? "would go" : `stays: ${says.name.replaceAll("_", " ")}`,
    ]);
    return leads(line, () => { near(unit[i]); choose(i, true); });
  });
  fill($("ranges"), ["positions", "kind", "epoch", "entries", "bytes", "state", "a collection now"], told);
}
const ROWS_MAX = 400;

function page() {
  document.title = `${data.location}: fencepost log`;
  $("title").textContent = data.location;
  let sum = 0, gone = 0, stale = 0;
  for (let i = 0; i < count; i++) { sum += bytes[i]; if (goes(i)) gone++; if (isStale(i)) stale++; }
  const unreadable = Object.keys(data.problems).length;
  const also = [stale && `${number(stale)} stale entries`, unreadable && `${number(unreadable)} that cannot be read`].filter(Boolean);
  $("summary").textContent = count === 0 ? "This log holds no entries." :
    `${number(count)} entries, ${size(sum)}, from position ${name(offset[0])} to ${name(offset[count - 1])}${also.length ? `, among them ${also.join(" and ")}` : ""}. ` +
    `A collection now would delete ${number(gone)} of them.`;
  facts([
    ["shard", data.shard], ["status", data.manifest.status], ["manifest version", number(data.manifest.version)],
    ["writer epoch", number(data.manifest.writer_epoch)], ["boundary", positionText(data.boundary)],
    ["checkpoint", positionText(data.manifest.replay_after)], ["tail", positionText(data.tail)],
  ]);
  plan(); cursors(); ranges(); redraw();
}
function redraw() { draw(); legend(); }
page();
