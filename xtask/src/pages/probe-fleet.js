"use strict";
// Works in the page of many shards as a person would, and leaves what it saw for who reads the document.
(async () => {
  const saw = {};
  // The browser's clock is a virtual one, which does not wait for frames.
  window.requestAnimationFrame = (paint) => setTimeout(paint, 1);
  const frame = () => new Promise((done) => setTimeout(done, 20));
  const element = (id) => document.getElementById(id);
  const rows = () => [...element("shards").querySelectorAll("tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent));
  try {
    await frame();
    saw.title = element("title").textContent;
    saw.summary = element("summary").textContent;
    const before = rows();
    saw.rows = before.length;
    const picture = element("map");
    const { data } = picture.getContext("2d").getImageData(0, 0, picture.width, picture.height);
    saw.colours = new Set(new Uint32Array(data.buffer)).size;
    const titles = [...element("shards").querySelectorAll("th")].map((cell) => cell.textContent);
    const nth = titles.findIndex((title) => title.startsWith("entries"));
    element("shards").querySelectorAll("th button")[nth].click();
    await frame();
    const counts = rows().map((cells) => Number(cells[nth].replaceAll(",", "")));
    saw.sorted = counts.every((count, i) => i === 0 || counts[i - 1] >= count) && new Set(counts).size > 1;
    saw.said = element("shards").querySelectorAll("th")[nth].ariaSort;
    element("filter").value = before[0][0];
    element("filter").dispatchEvent(new Event("input"));
    await frame();
    saw.filtered = rows().length === 1 && rows()[0][0] === before[0][0];
    element("clear").click();
    await frame();
    saw.cleared = rows().length === before.length;
    const box = picture.getBoundingClientRect();
    for (let x = 0; x < box.width && !saw.hover; x += 4) {
      for (let y = 0; y < box.height && !saw.hover; y += 4) {
        picture.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + x, clientY: box.top + y }));
        saw.hover = element("tip").textContent;
      }
    }
    saw.requests = performance.getEntriesByType("resource").length;
    saw.fault = element("fault").textContent;
  } catch (error) {
    saw.fault = `the probe: ${error}`;
  }
  const said = document.createElement("pre");
  said.id = "saw";
  said.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(saw))));
  document.body.append(said);
})();
