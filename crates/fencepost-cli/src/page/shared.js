"use strict";
// What both pages need: the data, words for numbers, and elements. Texts of logs are only ever set as text.
const $ = (id) => document.getElementById(id);
addEventListener("error", (event) => {
  $("fault").hidden = false;
  $("fault").append(`This page has a fault: ${event.message}. `);
});
const data = JSON.parse($("data").textContent);

const number = (n) => n.toLocaleString("en");
function size(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let nth = 0;
  while (n >= 1024 && nth < 4) { n /= 1024; nth++; }
  return `${nth === 0 ? n : n.toFixed(n < 10 ? 2 : 1)} ${units[nth]}`;
}

function element(tag, text, kindOf) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (kindOf) made.className = kindOf;
  return made;
}
function row(cells, tag = "td") {
  const made = document.createElement("tr");
  for (const cell of cells) {
    const isNumber = typeof cell === "number";
    made.append(element(tag, isNumber ? number(cell) : cell, isNumber ? "number" : ""));
  }
  return made;
}
function facts(list) {
  for (const [term, value] of list) {
    const item = element("div");
    item.append(element("dt", term), element("dd", value));
    $("facts").append(item);
  }
}

// The canvas in the size that it is shown in, empty.
function prepare(canvas) {
  canvas.dataset.height ??= canvas.getAttribute("height");
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = Number(canvas.dataset.height);
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.font = "12px system-ui, sans-serif";
  return { context, width, height };
}
function tell(event, text) {
  const place = $("tip");
  place.hidden = text === "";
  if (text === "") return;
  place.textContent = text;
  place.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - place.offsetWidth - 8))}px`;
  place.style.top = `${Math.min(event.clientY + 16, innerHeight - place.offsetHeight - 8)}px`;
}
function switchTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  redraw();
}
function theme() {
  const style = getComputedStyle(document.documentElement);
  const names = ["paper", "ink", "quiet", "line", "soft", "mark"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}
let waiting = false;
function request() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
}
addEventListener("resize", request);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());
