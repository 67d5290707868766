// A page just large enough for the report's script: figures with and without data, and Plotly that may fail.
// Prints what was drawn, what was scaled for print, and what went wrong, as JSON.
"use strict";
const fs = require("fs");
const [, , scriptPath, pagePath] = process.argv;
const figures = JSON.parse(fs.readFileSync(pagePath, "utf8")); // [{id, json (null: no data), bad}]
const seen = { drawn: [], scaled: [], errors: [], shown: [] };
const element = (own = {}) => ({
  dataset: {}, style: { setProperty: () => {} }, clientWidth: 600, clientHeight: 400, textContent: "",
  addEventListener: () => {}, setAttribute: () => {}, removeAttribute: () => {}, append: () => {}, ...own,
  kids: own.kids ?? {},
  querySelector(query) { return this.querySelectorAll(query)[0] ?? null; },
  querySelectorAll(query) { return this.kids[query] ?? []; },
});
const nodes = figures.map(({ id, json, bad }) => {
  const svg = element({ setAttribute: () => seen.scaled.push(id) });
  const plot = element({ name: id, bad, kids: { ".main-svg": [svg] } });
  Object.defineProperty(plot, "textContent", { set: (text) => seen.shown.push([id, text]) });
  const kids = json === null ? {} : { script: [element({ textContent: json })], ".plot": [plot] };
  return element({ id, kids });
});
const drawn = nodes.filter((node, i) => figures[i].drawn);
const plots = nodes.flatMap((node) => node.querySelectorAll(".plot"));
const documentElement = element();
globalThis.document = element({
  documentElement, head: element(), createElement: () => element(),
  kids: { figure: nodes, "figure.drawn": drawn, ".plot": plots, "#theme": [element()], "#toc": [element()] },
});
const heard = {};
globalThis.window = globalThis;
globalThis.addEventListener = (name, work) => { heard[name] = work; };
globalThis.getComputedStyle = () => ({ getPropertyValue: () => "" });
globalThis.matchMedia = () => ({ matches: false, addEventListener: () => {} });
globalThis.IntersectionObserver = class { observe() {} unobserve() {} };
globalThis.requestIdleCallback = (work) => work();
globalThis.localStorage = { setItem: () => {} };
globalThis.Plotly = { react: (place) => {
  if (place.bad) throw new Error("bad trace");
  seen.drawn.push(place.name);
} };
console.error = (text) => seen.errors.push(String(text));
const attempt = (name, work) => { try { work(); } catch (error) { seen.errors.push(`${name}: ${error}`); } };
attempt("start", () => eval(fs.readFileSync(scriptPath, "utf8")));
for (const name of ["load", "beforeprint", "afterprint"]) attempt(name, heard[name]);
process.stdout.write(JSON.stringify(seen));
