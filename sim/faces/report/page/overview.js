// The first picture: what the phone said, and what was true. What is outside rises above the tube, a step a connection.

function paintOverview() {
  const svg = byId('overview');
  if (!svg) return;
  const width = state.printing ? 1150 : svg.clientWidth, arm = armOf(state.arm), narrow = width < 640;
  const left = narrow ? 0 : 150, right = width - (narrow ? 0 : 22), x = at => left + at / page.duration * (right - left);
  const deeds = arm.deeds.length ? (narrow ? 0 : 34) : 0, said = deeds + (narrow ? 18 : 0), rise = 64, tube = said + 32 + rise + (narrow ? 16 : 4);
  const parts = [], words = (text, at, y, ink, more) => draw('text', {x: at, y, fill: `var(--${ink})`, 'font-size': 12.5, ...more}, text);
  const box = (band, y, height, fill, more) => draw('rect', {x: x(band.begin), y, width: Math.max(x(band.end) - x(band.begin), .8), height, fill, ...more});
  parts.push(words(narrow ? 'What the phone said' : 'The phone said', narrow ? 0 : left - 12, narrow ? said - 6 : said + 18, 'ink', {'text-anchor': narrow ? 'start' : 'end', 'font-weight': 600}));
  parts.push(words(narrow ? 'What was true' : 'In truth', narrow ? 0 : left - 12, narrow ? said + 44 : tube + 11, 'ink', {'text-anchor': narrow ? 'start' : 'end', 'font-weight': 600}));
  const saidFill = {CONNECTED: 'var(--ink)', CONNECTING: 'var(--s3)', REASSERTING: 'var(--s4)', DISCONNECTING: 'var(--s2)', DISCONNECTED: 'var(--surface)'};
  for (const band of arm.states.said) {
    parts.push(box(band, said, 26, saidFill[band.kind] || 'var(--s2)', band.kind === 'DISCONNECTED' ? {stroke: 'var(--line2)'} : {}));
    const text = {CONNECTED: 'Connected', DISCONNECTED: 'Off', CONNECTING: 'Connecting', REASSERTING: 'Reasserting'}[band.kind] || '';
    if (x(band.end) - x(band.begin) > widthOf(text, 12.5, 600) + 14) parts.push(words(text, x(band.begin) + 8, said + 17.5, band.kind === 'CONNECTED' ? 'bg' : 'ink2', {'font-weight': 600}));
  }
  let largest = null;
  for (const band of arm.states.truth) {
    if (band.kind === 'inside') { parts.push(box(band, tube, 14, 'var(--tun-soft)')); if (!largest || band.end - band.begin > largest.end - largest.begin) largest = band; }
    else if (band.kind === 'off') parts.push(box(band, tube + 6.5, 1, 'var(--open)'));
    else if (band.kind === 'stale') parts.push(box(band, tube, 14, 'var(--tun-soft)'), box(band, tube + 4, 6, 'var(--stl)'));
    else if (band.kind === 'offline') parts.push(box(band, tube, 14, 'var(--off)', {opacity: .5}));
  }
  if (largest && x(largest.end) - x(largest.begin) > 60) parts.push(words('inside', x(largest.begin) + 8, tube + 11, 'tun-ink', {'font-size': 11.5, 'font-weight': 500}));
  const off = arm.states.truth.find(b => b.kind === 'off' && x(b.end) - x(b.begin) > 60);
  if (off) parts.push(words('VPN off', x(off.begin) + 2, tube - 1, 'ink3', {'font-size': 11.5}));
  for (const w of [...lanesBlocked(arm)]) parts.push(box(w, tube - 3, 20, 'url(#hatch)', {stroke: 'var(--blk)', 'stroke-width': .8}));
  const [spans, counts] = levelled(arm.outsideSpans, arm.outsideCount), most = Math.max(1, ...counts), step = Math.min(16, rise / most);
  let path = '', widest = -1, long = 0;
  for (let i = 0; i < counts.length; i++) {
    const a = x(spans[2 * i]), b = Math.max(x(spans[2 * i + 1]), a + 2);
    path += `M${a.toFixed(1)} ${tube - .5}V${(tube - counts[i] * step).toFixed(1)}H${b.toFixed(1)}V${tube - .5}Z`;
    if (spans[2 * i + 1] - spans[2 * i] > long) { long = spans[2 * i + 1] - spans[2 * i]; widest = i; }
  }
  if (path) parts.push(draw('path', {class: 'risen', d: path, fill: 'var(--leak)'}));
  const first = counts.length ? indexOfMost(counts) : -1;
  for (const i of new Set([first, widest])) {
    if (i < 0) continue;
    const a = x(spans[2 * i]), b = x(spans[2 * i + 1]), top = tube - counts[i] * step, text = `${counts[i]} outside`, fits = b - a > widthOf(text, 11.5, 600) + 10 && counts[i] * step > 15;
    if (fits) parts.push(words(text, (a + b) / 2, top + 12, 'on-leak', {'text-anchor': 'middle', 'font-size': 11.5, 'font-weight': 600}));
    else if (i === widest) parts.push(words(text, (a + b) / 2, top - 5, 'leak-ink', {'text-anchor': 'middle', 'font-size': 11.5, 'font-weight': 600}));
    else parts.push(words(text, Math.min(b + 6, right - 70), Math.max(top + 10, tube - rise + 4), 'leak-ink', {'font-size': 11.5, 'font-weight': 600, stroke: 'var(--bg)', 'stroke-width': 3, 'paint-order': 'stroke'}));
  }
  if (deeds) {
    const free = [left, left];
    for (const [at, text] of arm.deeds) {
      const p = x(at), wide = widthOf(text, 11.5) + 12, start = Math.min(p - 2, right - wide + 12);
      parts.push(draw('path', {d: `M${p - 4} ${said - 8}h8l-4 6z`, fill: 'var(--ink)'}));
      const row = [0, 1].find(r => start >= free[r]);
      if (row !== undefined) { parts.push(words(text, start, said - 12 - row * 14, 'ink2', {'font-size': 11.5})); free[row] = start + wide; }
    }
  }
  const [v0, v1] = timeline.view, floor = tube + 20;
  let y = floor;
  if (v1 - v0 < page.duration * .999) {
    parts.push(draw('rect', {class: 'seen', x: x(v0), y: said - 2, width: Math.max(x(v1) - x(v0), 2), height: floor - said + 2, fill: 'none', stroke: 'var(--ink2)', 'stroke-width': 1.2, 'stroke-dasharray': '3 3', rx: 3}));
  }
  for (const [at, text] of axis(0, page.duration, narrow ? 4 : 12)) parts.push(words(text, x(at), y + 16, 'ink3', {'font-size': 11.5, 'text-anchor': x(at) < left + 18 ? 'start' : x(at) > right - 18 ? 'end' : 'middle'}));
  svg.setAttribute('height', y + 22);
  svg.setAttribute('viewBox', `0 0 ${width} ${y + 22}`);
  svg.replaceChildren(...parts);
}
/** The same with neighbours of equal number joined. */
function levelled(spans, counts) {
  const joined = [], numbers = [];
  counts.forEach((n, i) => {
    if (numbers.at(-1) === n && joined.at(-1) === spans[2 * i]) joined[joined.length - 1] = spans[2 * i + 1];
    else { numbers.push(n); joined.push(spans[2 * i], spans[2 * i + 1]); }
  });
  return [joined, numbers];
}
const indexOfMost = list => list.indexOf(Math.max(...list));
/** When something was refused in any lane. */
function lanesBlocked(arm) {
  const all = arm.lanes.filter((_, i) => !page.lanes[i][1]).flatMap(lane => Array.from({length: lane.blocked.length / 2}, (_, i) => ({begin: lane.blocked[2 * i], end: lane.blocked[2 * i + 1]}))).sort((a, b) => a.begin - b.begin);
  const found = [];
  for (const band of all) { const last = found.at(-1); if (last && band.begin <= last.end) last.end = Math.max(last.end, band.end); else found.push({...band}); }
  return found;
}
