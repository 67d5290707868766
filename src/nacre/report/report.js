"use strict";
(() => {
  const $ = (query, root = document) => root.querySelector(query);
  const all = (query, root = document) => [...root.querySelectorAll(query)];
  const root = document.documentElement;

  // --- figures: drawn when they come into view, all of them before printing ---
  const figures = new Map();
  const data = (figure) => {
    if (!figures.has(figure)) figures.set(figure, JSON.parse($("script", figure).textContent));
    return figures.get(figure);
  };
  const plotly = () => {
    if (!window.Plotly) {
      const script = document.createElement("script");
      script.textContent = $("#plotly").textContent;
      document.head.append(script);
    }
    return window.Plotly;
  };
  const dressed = (value, colours) => {
    if (typeof value === "string") return colours[value] ?? value;
    if (!value || typeof value !== "object") return value;
    if (Array.isArray(value)) {
      return typeof value[0] === "object" && value[0] !== null && !Array.isArray(value[0])
        ? value.map((item) => dressed(item, colours)) : value.slice();
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, dressed(item, colours)]));
  };
  const theme = (printing) => {
    const style = getComputedStyle(root);
    const read = (name) => style.getPropertyValue(name).trim();
    const names = ["paper", "ink", "muted", "line"];
    const white = { "@paper": "#fff", "@ink": "#000", "@muted": "#555", "@line": "#777" };
    return { colours: printing ? white : Object.fromEntries(names.map((n) => ["@" + n, read("--" + n)])), font: read("--sans") };
  };
  const config = {
    displaylogo: false, responsive: true, displayModeBar: matchMedia("(hover: none)").matches ? false : "hover",
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
    toImageButtonOptions: { format: "svg" },
  };
  const put = (figure, printing) => {
    const { panels } = data(figure);
    const { colours, font } = theme(printing);
    all(".plot", figure).forEach((place, i) => {
      const layout = dressed(panels[i].layout, colours);
      layout.font.family = font;
      layout.autosize = true;
      const names = panels[i].traces.filter((trace) => trace.showlegend).length;
      const narrow = place.clientWidth < 420;
      if (narrow) layout.font.size = 11;
      place.style.height = narrow && names > 3 && !printing ? `${19 + 1.2 * names}rem` : "";
      plotly().react(place, dressed(panels[i].traces, colours), layout, config);
    });
  };
  // a figure that cannot be drawn says so in its place, and keeps none of the others from being drawn
  const draw = (figure, printing = false) => {
    figure.dataset.drawn = "yes";
    try {
      put(figure, printing);
    } catch (error) {
      console.error(`${figure.id}: ${error}`);
      all(".plot", figure).forEach((place) => { place.textContent = `This figure could not be drawn: ${error.message}`; });
    }
  };
  const waiting = all("figure.drawn");
  const redraw = (printing) => waiting.forEach((figure) => figure.dataset.drawn && draw(figure, printing));
  const near = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      draw(target);
    }
  }, { rootMargin: "400px" });
  waiting.forEach((figure) => near.observe(figure));
  const idle = window.requestIdleCallback ?? ((work) => setTimeout(work, 60));
  const next = () => {
    const figure = waiting.find((one) => !one.dataset.drawn);
    if (!figure) return;
    near.unobserve(figure);
    draw(figure);
    idle(next);
  };
  addEventListener("load", () => idle(next));
  // on paper a drawing keeps its proportions and takes the width it is given
  const scalable = (place) => {
    const [width, height] = [place.clientWidth, place.clientHeight];
    place.style.setProperty("--ratio", `${width} / ${height}`);
    all(".main-svg", place).forEach((svg) => svg.setAttribute("viewBox", `0 0 ${width} ${height}`));
  };
  addEventListener("beforeprint", () => {
    waiting.forEach((figure) => draw(figure, true));
    all(".plot").forEach(scalable);
  });
  addEventListener("afterprint", () => redraw(false));

  // --- the data of a figure: three header rows (name, unit, comment), then one column per array ---
  const grid = (trace, part) => {
    const { x, y, z } = trace;
    const pick = { "heat-x": (i, j) => x[j], "heat-y": (i, j) => y[i], "heat-z": (i, j) => z[i][j] }[part];
    return y.flatMap((_, i) => x.map((_, j) => pick(i, j)));
  };
  const values = (column, panels) => {
    if (column.values) return column.values;
    const [panel, index, part] = column.at;
    const trace = panels[panel].traces[index];
    return part.startsWith("heat-") ? grid(trace, part) : trace[part];
  };
  const quoted = (cell) => {
    const text = cell === null || cell === undefined ? "" : String(cell);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const csv = ({ panels, columns }) => {
    const parts = columns.map((column) => values(column, panels));
    const rows = [columns.map((c) => c.name), columns.map((c) => c.unit), columns.map((c) => c.comment)];
    const longest = Math.max(0, ...parts.map((part) => part.length));
    for (let i = 0; i < longest; i += 1) rows.push(parts.map((part) => part[i]));
    return rows.map((row) => row.map(quoted).join(",")).join("\n") + "\n";
  };
  all("a.data").forEach((link) => link.addEventListener("click", () => {
    if (link.href.startsWith("blob:")) return;
    const text = "\ufeff" + csv(data(link.closest("figure")));
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  }));

  // --- light and dark ---
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const current = () => root.dataset.theme ?? (dark.matches ? "dark" : "light");
  const toggle = $("#theme");
  const label = () => { toggle.textContent = current() === "dark" ? "Light" : "Dark"; };
  toggle.addEventListener("click", () => {
    root.dataset.theme = current() === "dark" ? "light" : "dark";
    try { localStorage.setItem("nacre-theme", root.dataset.theme); } catch (error) { /* storage may be closed to files */ }
    label();
    redraw(false);
  });
  dark.addEventListener("change", () => { label(); redraw(false); });
  label();

  // --- tables: sort by a heading, filter by words ---
  const key = (row, i) => {
    const cell = row.cells[i];
    const text = cell.dataset.v ?? cell.textContent.trim();
    const number = parseFloat(text.replace("−", "-").replace("+", ""));
    return Number.isNaN(number) ? text.toLowerCase() : number;
  };
  const order = (a, b) => (typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1);
  all("table.sortable thead button").forEach((button) => button.addEventListener("click", () => {
    const head = button.closest("th");
    const body = head.closest("table").tBodies[0];
    const up = head.getAttribute("aria-sort") !== "ascending";
    [...head.parentNode.cells].forEach((cell) => cell.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...body.rows].map((row) => [key(row, head.cellIndex), row]);
    rows.sort((a, b) => order(a[0], b[0]) * (up ? 1 : -1));
    body.append(...rows.map(([, row]) => row));
  }));
  const filter = $("#filter");
  filter?.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = all("table.filterable tbody tr");
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    $("#filtered").textContent = wanted.length ? `${shown} of ${rows.length} rows` : "";
  });

  // --- contents: where one is; closed on narrow screens ---
  const links = new Map(all("nav a").map((link) => [link.hash.slice(1), link]));
  const here = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      links.forEach((link) => link.removeAttribute("aria-current"));
      links.get(target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-10% 0px -80% 0px" });
  all("section[id], h3[id]").forEach((place) => here.observe(place));
  if (matchMedia("(max-width: 68rem)").matches) $("#toc").open = false;
})();
