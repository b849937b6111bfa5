// Colours of the theme, patterns of the canvas, and the model of an arm in the form in which it is drawn.

const FATE = {TUNNELLED: 0, LEAKED: 1, BYPASSED: 2, OPEN: 3, BLOCKED: 4, STALLED: 5, OFFLINE: 6, WAITING: 7, BEYOND: 8};
const FATE_COLOUR = ['tun', 'leak', 'byp', 'open', 'blk', 'stl', 'off', 'off', 'beyond'];
const FATE_ORDER = [FATE.OPEN, FATE.OFFLINE, FATE.WAITING, FATE.TUNNELLED, FATE.BEYOND, FATE.BYPASSED, FATE.BLOCKED, FATE.STALLED, FATE.LEAKED];
const POWER_COLOUR = ['e1', 'e2', 'e3', 'e4', 'vpn'];
const POWER_WORDS = ['phone', 'screen', 'Wi-Fi', 'cellular', 'VPN process'];
const FONT = '"Inter",ui-sans-serif,system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,"Liberation Sans",sans-serif';

let colours = {};
/** Read the theme's colours; to be called when it changes. */
function readColours() {
  const style = getComputedStyle(document.documentElement);
  colours = new Proxy({}, {get: (known, name) => known[name] ??= style.getPropertyValue(`--${name}`).trim()});
}

const patterns = new Map();
/** A canvas pattern: "hatch", "faint", "dots" or "busy". Its cell is drawn at the screen's resolution. */
function pattern(context, kind, scale) {
  const key = `${kind} ${scale} ${colours.bg}`;
  if (!patterns.has(key)) {
    const cell = document.createElement('canvas'), n = Math.round(6 * scale);
    cell.width = cell.height = n;
    const c = cell.getContext('2d');
    if (kind === 'dots') {
      c.fillStyle = colours.stl; c.beginPath(); c.arc(n / 2, n / 2, n * .24, 0, 7); c.fill();
    } else {
      if (kind === 'hatch') { c.fillStyle = colours.surface; c.fillRect(0, 0, n, n); }
      if (kind === 'busy') { c.fillStyle = colours.s2; c.fillRect(0, 0, n, n); }
      c.strokeStyle = kind === 'hatch' ? colours.blk : kind === 'busy' ? colours.s4 : colours.off;
      c.lineWidth = n * (kind === 'faint' ? .16 : .3);
      c.beginPath();
      for (const d of [-n, 0, n]) { c.moveTo(d - 1, n + 1); c.lineTo(d + n + 1, -1); }
      c.stroke();
    }
    const made = context.createPattern(cell, 'repeat');
    made.setTransform(new DOMMatrix().scale(1 / scale));
    patterns.set(key, made);
  }
  return patterns.get(key);
}

const measuring = document.createElement('canvas').getContext('2d');
function widthOf(words, size, weight) {
  measuring.font = `${weight || 400} ${size}px ${FONT}`;
  return measuring.measureText(words).width;
}
/** The words, or as much of them as fits. */
function fitted(words, size, weight, room) {
  if (widthOf(words, size, weight) <= room) return words;
  let n = words.length;
  while (n > 1 && widthOf(words.slice(0, n) + '…', size, weight) > room) n--;
  return n > 1 ? words.slice(0, n) + '…' : '';
}

/** The common part of two sorted flat lists of intervals. */
function common(a, b) {
  const found = [];
  for (let i = 0, k = 0; i < a.length && k < b.length;) {
    const begin = Math.max(a[i], b[k]), end = Math.min(a[i + 1], b[k + 1]);
    if (begin < end) found.push(begin, end);
    if (a[i + 1] < b[k + 1]) i += 2; else k += 2;
  }
  return Float64Array.from(found);
}
const flat = bands => Float64Array.from(bands.flatMap(band => [band.begin, band.end]));

// Arms are unpacked when they are first shown.
const natures = new Map(), arms = new Map();
function natureOf(number) {
  if (!natures.has(number)) {
    const {counts, at, size} = page.natures[number], gaps = unpack(at), sizes = unpack(size);
    let begin = 0;
    natures.set(number, counts.map(count => {
      const instants = gaps.slice(begin, begin + count);
      for (let i = 1; i < count; i++) instants[i] += instants[i - 1];
      const lane = {begin, at: instants, size: sizes.subarray(begin, begin + count)};
      begin += count;
      return lane;
    }));
  }
  return natures.get(number);
}
function armOf(number) {
  if (!arms.has(number)) arms.set(number, unpackedArm(page.arms[number]));
  return arms.get(number);
}
function unpackedArm(raw) {
  const states = Object.fromEntries(Object.entries(raw.states).map(([name, bands]) => [name, unpackBands(bands)]));
  const inside = flat(states.truth.filter(b => b.kind === 'inside')), stale = flat(states.truth.filter(b => b.kind === 'stale'));
  const nature = natureOf(raw.nature), last = nature[nature.length - 1];
  const count = last ? last.begin + last.at.length : 0;
  const fate = unpackRuns(raw.fate, count), wait = new Map(), late = unpackSteps(raw.late), waited = unpack(raw.waited);
  late.forEach((index, i) => wait.set(index, waited[i]));
  const lanes = raw.lanes.map((packed, i) => {
    const [alive, exposed, bypassed, blocked] = packed.map(unpackSteps);
    return {alive, exposed, bypassed, blocked, tube: common(alive, inside), stale: common(alive, stale), ...settled(nature[i], fate, wait)};
  });
  const spans = unpackSteps(raw.outside[0]), height = unpack(raw.outside[1]);
  const windows = raw.windows.map((w, i) => ({...w, number: i + 1}));
  return {...raw, states, lanes, windows, outsideSpans: spans, outsideCount: height, instants: unpackSteps(raw.handshakes), power: raw.power.map(unpack)};
}
/** The bursts of a lane in the order in which they were settled. */
function settled(lane, fate, wait) {
  const n = lane.at.length, at = Float64Array.from(lane.at), fates = fate.subarray(lane.begin, lane.begin + n);
  let moved = false;
  for (let i = 0; i < n; i++) { const by = wait.get(lane.begin + i); if (by) { at[i] += by; moved = true; } }
  if (!moved) return {at, size: lane.size, fate: fates};
  const order = Array.from(at.keys()).sort((a, b) => at[a] - at[b]);
  return {at: Float64Array.from(order, i => at[i]), size: Float64Array.from(order, i => lane.size[i]), fate: Uint8Array.from(order, i => fates[i])};
}

// Times of the axis: at round times of day.
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800].map(s => s * SECOND);
function axis(begin, end, most) {
  const span = end - begin, step = STEPS.find(s => span / s <= most) || Math.ceil(span / most / DAY) * DAY, found = [];
  for (let at = Math.ceil((begin + page.start) / step) * step - page.start; at <= end; at += step) {
    const words = clock(at), time = words.slice(-8);
    const day = page.duration > DAY && time === '00:00:00' ? words.slice(0, -10) : '';
    found.push([at, day || (step < MINUTE ? time : time.slice(0, 5))]);
  }
  return found;
}
