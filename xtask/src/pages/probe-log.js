"use strict";
// Works in the page as a person would, and leaves what it saw for who reads the document.
(async () => {
  const saw = {};
  // The browser's clock is a virtual one, which does not wait for frames.
  window.requestAnimationFrame = (paint) => setTimeout(paint, 1);
  const frame = () => new Promise((done) => setTimeout(done, 20));
  const text = (id) => document.getElementById(id).textContent;
  const picture = document.getElementById("map");
  const press = async (key, more) => {
    picture.focus();
    picture.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
    await frame();
  };
  const pixels = () => {
    const { data } = picture.getContext("2d").getImageData(0, 0, picture.width, picture.height);
    return new Uint32Array(data.buffer);
  };
  try {
    await frame();
    saw.title = text("title");
    saw.summary = text("summary");
    saw.facts = text("facts");
    saw.cursors = text("cursors");
    const before = pixels();
    saw.colours = new Set(before).size;
    const differs = () => { const now = pixels(); return now.length !== before.length || now.some((pixel, i) => pixel !== before[i]); };
    await press("+");
    saw.zoomed = differs();
    await press("0");
    saw.whole = !differs();
    await press("f");
    saw.fence = text("said");
    await press("ArrowRight");
    saw.moved = text("said") !== saw.fence;
    await press("g");
    saw.goes = text("said");
    await press("End");
    saw.last = text("said");
    const box = picture.getBoundingClientRect();
    for (let x = 5; x < box.width && !saw.hover; x += 5) {
      picture.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + x, clientY: box.top + 250, bubbles: true }));
      saw.hover = text("tip");
    }
    const paper = getComputedStyle(document.body).backgroundColor;
    await press("d");
    saw.themed = getComputedStyle(document.body).backgroundColor !== paper;
    saw.requests = performance.getEntriesByType("resource").length;
    saw.fault = text("fault");
  } catch (error) {
    saw.fault = `the probe: ${error}`;
  }
  const said = document.createElement("pre");
  said.id = "saw";
  said.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(saw))));
  document.body.append(said);
})();
