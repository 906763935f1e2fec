// What a page is, measured in a browser. The value of this script is a list of faults.
(() => {
  const faults = [];
  const rgb = (text) => {
    const n = text.match(/[\d.]+/g).map(Number);
    return { r: n[0], g: n[1], b: n[2], a: n.length > 3 ? n[3] : 1 };
  };
  const luminance = (c) => {
    const f = [c.r, c.g, c.b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2];
  };
  const contrast = (a, b) => {
    const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  // background is the color behind an element: that of the last rectangle below it, or of the nearest element with one.
  const background = (el) => {
    const svg = el.ownerSVGElement;
    if (svg && el.tagName === "text") {
      const box = el.getBBox(), x = box.x + box.width / 2, y = box.y + box.height / 2;
      let found = null;
      for (const r of svg.querySelectorAll("rect")) {
        const b = r.getBBox(), fill = getComputedStyle(r).fill;
        const before = r.compareDocumentPosition(el) & Node.DOCUMENT_POSITION_FOLLOWING;
        if (before && fill !== "none" && b.x <= x && x <= b.x + b.width && b.y <= y && y <= b.y + b.height) found = fill;
      }
      if (found) return rgb(found);
    }
    for (let e = svg || el; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.a === 1) return c;
      if (c.a > 0) faults.push("a background that lets others through: " + e.className);
    }
    return { r: 255, g: 255, b: 255, a: 1 };
  };
  const seen = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walker.nextNode(); n; n = walker.nextNode()) {
    const el = n.parentElement;
    if (!n.data.trim() || el.closest("title, desc, style")) continue;
    const style = getComputedStyle(el), color = el.tagName === "text" ? style.fill : style.color, behind = background(el);
    const size = parseFloat(style.fontSize), bold = parseInt(style.fontWeight) >= 700;
    const least = size >= 24 || bold && size >= 18.66 ? 3 : 4.5;
    const c = contrast(rgb(color), behind);
    if (c < least) seen.set(`${el.tagName}.${el.className.baseVal ?? el.className}: contrast ${c.toFixed(2)}: ${n.data.trim().slice(0, 40)}`, 1);
  }
  faults.push(...seen.keys());
  if (document.documentElement.scrollWidth > innerWidth) {
    const wide = [...document.querySelectorAll("body *")].filter((e) => !e.closest(".scroll, .sr") &&
      e.getBoundingClientRect().right > innerWidth + 1).slice(0, 3).map((e) => e.tagName + "." + e.className);
    faults.push(`the page is ${document.documentElement.scrollWidth} wide in a window of ${innerWidth}: ${wide}`);
  }
  let level = 0;
  for (const h of document.querySelectorAll("h1, h2, h3, h4")) {
    const now = Number(h.tagName[1]);
    if (now > level + 1) faults.push("a heading is skipped before: " + h.textContent.trim().slice(0, 40));
    level = now;
  }
  for (const tag of ["header", "nav", "main", "footer", "h1"]) {
    if (document.querySelectorAll(tag).length !== 1) faults.push("there is not one " + tag);
  }
  if (document.documentElement.lang !== "en") faults.push("the page has no language");
  if (document.querySelector("script, iframe, object, embed, img, form, [onclick], [onerror], [style]")) {
    faults.push("an element or attribute that no page has");
  }
  const ids = new Set();
  for (const e of document.querySelectorAll("[id]")) {
    if (ids.has(e.id)) faults.push("an id is there twice: " + e.id);
    ids.add(e.id);
  }
  for (const a of document.querySelectorAll("a[href]")) {
    if (!a.getAttribute("href").startsWith("#") || !ids.has(a.getAttribute("href").slice(1))) {
      faults.push("a link leads nowhere: " + a.getAttribute("href"));
    }
  }
  for (const s of document.querySelectorAll("summary")) {
    if (!s.textContent.trim()) faults.push("a summary says nothing");
  }
  for (const b of document.querySelectorAll(".badge")) {
    if (!/[a-z]{4}/i.test(b.textContent)) faults.push("a status without a word: " + b.textContent);
  }
  if (matchMedia("print").matches) {
    const hidden = [...document.querySelectorAll("details > :not(summary)")].filter((e) => !e.getBoundingClientRect().height);
    if (hidden.length) faults.push(`${hidden.length} details are not printed`);
  }
  return faults;
})()
