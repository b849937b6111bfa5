// The lanes: a canvas for everything that is dense, and an SVG above it for what must be named, reached or sharp.

const STATE_ROWS = [
  ['path', 'Path', 'Path'], ['radio', 'Cellular radio', 'Radio'], null,
  ['intent', 'Your intent', 'Intent'], ['said', 'VPN status', 'Status'], ['process', 'VPN process', 'Process'],
  ['protocol', 'Protocol', 'Protocol'], null,
  ['screen', 'Screen', 'Screen'], ['front', 'App in front', 'In front'], null,
];
const ROW_OF = {path: 'path', status: 'said', process: 'process', protocol: 'protocol', intent: 'intent', screen: 'screen'};
const STATE_FILL = {
  path: {wifi: 's2', cellular: 's3', none: 'faint'}, radio: {awake: 's3', idle: 's1'}, intent: {on: 'ink'},
  said: {CONNECTED: 'ink', CONNECTING: 'busy', REASSERTING: 'busy', DISCONNECTING: 's3', DISCONNECTED: ''},
  process: {RUNNING: 's1', ABSENT: '', OFFLINE: 'faint'},
  protocol: {SESSION: 's1', UP: 's1', ONLINE: 's1', CLOSED: '', NO_SESSION: '', IDLE: '', STOPPED: '', PAUSED: '', SILENT: 'dots', STALE: 'dots'},
  screen: {on: 's3', locked: 's2', asleep: 's1'}, front: {},
};
const STATE_LABEL = {
  said: {CONNECTED: 'Connected', CONNECTING: 'Connecting', REASSERTING: 'Reasserting', DISCONNECTED: 'off', DISCONNECTING: 'Disconnecting'},
  radio: {awake: 'awake', idle: 'idle'}, intent: {on: ''}, process: {RUNNING: 'running', ABSENT: '', OFFLINE: 'waits for a network'},
  protocol: {SESSION: 'session', UP: 'up', CLOSED: '', NO_SESSION: 'no session', STOPPED: '', IDLE: '', SILENT: 'silence', STALE: 'silence'},
};
const FATE_SAYS = {exposed: 'Exposed: the way outside was open', bypassed: 'Around the tunnel by design', blocked: 'Blocked by the policy',
  stale: 'Connected, and nothing passes', tube: 'Inside the tunnel', alive: 'Open, and the VPN is not up'};
const HEADS = 30, STATE = 19, OWNER = 22, POWER = 72, AXIS = 26;

const timeline = {
  view: [0, page.duration], rows: [], cursor: null, unfolded: false, painting: 0,

  /** Rows from above, for this width. */
  layout(width) {
    const narrow = width < 640;
    this.left = narrow ? 92 : 150; this.right = width - (narrow ? 10 : 22); this.width = width; this.rows = [];
    let y = HEADS + 6;
    for (const row of STATE_ROWS) {
      if (!row) { y += 9; continue; }
      const bands = this.arm.states[row[0]];
      if (!bands.length && row[0] !== 'said') continue;
      this.rows.push({key: row[0], name: narrow ? row[2] : row[1], y, height: STATE, state: true});
      y += STATE + 3;
    }
    let before = 0;
    page.lanes.forEach(([name, system], i) => {
      if (!this.unfolded && page.folded.includes(i)) return;
      if (system && !before && y) y += 9;
      before = system;
      this.rows.push({key: i, name, y, height: OWNER, owner: true});
      y += OWNER + 2;
    });
    this.foldAt = y + 8;
    if (page.folded.length) y += 20;
    this.rows.push({key: 'power', name: 'Power', y: y + 8, height: POWER, power: true});
    this.bottom = y + 8 + POWER;
    this.height = this.bottom + AXIS;
  },
  x(at) { return this.left + (at - this.view[0]) / (this.view[1] - this.view[0]) * (this.right - this.left); },
  at(x) { return this.view[0] + (x - this.left) / (this.right - this.left) * (this.view[1] - this.view[0]); },
  row(key) { return this.rows.find(row => row.key === (ROW_OF[key] || key)); },

  /** Draw at the next frame, however often it is asked for. */
  ask() { if (!this.painting) this.painting = requestAnimationFrame(() => { this.painting = 0; this.paint(); }); },

  paint() {
    const plot = byId('plot'), width = state.printing ? 1150 : plot.clientWidth;
    if (!width) return;
    this.arm = armOf(state.arm);
    this.layout(width);
    plot.style.height = `${this.height}px`;
    const canvas = byId('dense'), scale = state.printing ? 3 : Math.min(window.devicePixelRatio || 1, 3);
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(this.height * scale)) {
      canvas.width = Math.round(width * scale); canvas.height = Math.round(this.height * scale);
    }
    const c = canvas.getContext('2d');
    c.setTransform(scale, 0, 0, scale, 0, 0);
    c.clearRect(0, 0, width, this.height);
    this.c = c; this.scale = scale; this.labels = [];
    this.paintGround();
    c.save(); c.beginPath(); c.rect(this.left, 0, this.right - this.left, this.height); c.clip();
    const chosen = this.chosen();
    for (const row of this.rows) {
      if (row.state) this.paintState(row);
      else if (row.owner) this.paintOwner(row, chosen);
      else this.paintPower(row);
    }
    c.restore();
    this.paintWords(chosen);
  },
  chosen() { return this.arm.windows[state.window - 1]; },

  paintGround() {
    const c = this.c, w = this.chosen();
    c.fillStyle = colours.line;
    this.ticks = axis(...this.view, Math.max(3, Math.floor((this.right - this.left) / (this.right - this.left < 500 ? 70 : 92))));
    for (const [at] of this.ticks) c.fillRect(Math.round(this.x(at)), HEADS, 1, this.bottom - HEADS);
    if (w) {
      const a = Math.max(this.left, this.x(w.begin)), b = Math.min(this.right, Math.max(this.x(w.end), this.x(w.begin) + 2));
      if (b > a) { c.fillStyle = colours['leak-wash']; c.fillRect(a, HEADS, b - a, this.bottom - HEADS); }
    }
    if (this.cursor?.row) { c.fillStyle = colours.sunk; c.fillRect(0, this.cursor.row.y - 1, this.width, this.cursor.row.height + 2); }
  },
  fill(kind) { return ['faint', 'busy', 'dots', 'hatch'].includes(kind) ? pattern(this.c, kind, this.scale) : colours[kind]; },
  /** Rectangles over the visible intervals of a flat list, none narrower than `least`. */
  boxes(spans, y, height, least, style, stroke) {
    const c = this.c, [v0, v1] = this.view;
    let i = search(spans, v0);
    i -= i % 2; // inside one: begin with it
    c.fillStyle = style || 'transparent'; c.strokeStyle = stroke || 'transparent';
    let reach = -1;
    for (; i < spans.length && spans[i] < v1; i += 2) {
      const a = Math.max(this.x(spans[i]), this.left - 5), b = Math.min(Math.max(this.x(spans[i + 1]), a + least), this.right + 5);
      if (b <= reach) continue; // hidden behind the one before
      reach = b;
      if (style) c.fillRect(a, y, b - a, height);
      if (stroke) { c.lineWidth = 1; c.strokeRect(a + .5, y + .5, Math.max(b - a - 1, .5), height - 1); }
    }
  },
  paintState(row) {
    const c = this.c, bands = this.arm.states[row.key], fills = STATE_FILL[row.key], [v0, v1] = this.view;
    let shade = 0;
    for (const band of bands) {
      if (band.end <= v0 || band.begin >= v1) { shade ^= 1; continue; }
      const a = this.x(band.begin), b = Math.max(this.x(band.end), a + 1);
      let kind = fills[band.kind] ?? (row.key === 'front' ? (shade ? 's2' : 's3') : 's4');
      shade ^= 1;
      const label = STATE_LABEL[row.key]?.[band.kind] ?? (band.label || band.kind.toLowerCase().replaceAll('_', ' '));
      if (kind) {
        c.fillStyle = this.fill(kind);
        if (row.key === 'intent') { c.fillRect(a, row.y + 8, b - a, 3); c.beginPath(); c.arc(a, row.y + 9.5, 5, 0, 7); c.fill(); }
        else c.fillRect(a, row.y, b - a, row.height);
      } else { c.fillStyle = colours.off; c.fillRect(a, row.y + row.height / 2, b - a, 1); }
      if (label && b - a > (row.key === 'radio' || row.key === 'protocol' ? 110 : 26)) {
        const ink = kind === 'ink' ? 'bg' : kind === 's4' ? 'bg' : kind === 's1' || !kind || kind === 'faint' ? 'ink2' : 'ink';
        this.label(label, Math.max(a, this.left) + 6, row.y + 13.5, Math.min(b, this.right) - Math.max(a, this.left) - 10, ink, row.key === 'said' ? 600 : 400, !kind);
      }
    }
    if (row.key === 'path') this.boxes(flat(this.arm.states.holes), row.y + 13, 6, 1, colours.surface);
    if (row.key === 'radio') for (const band of this.arm.states.rat) {
      if (band.begin < v1 && band.end > v0) this.label(band.label, Math.max(this.x(band.begin), this.left) + 5, row.y + 13.5, Math.min(this.x(band.end), this.right) - Math.max(this.x(band.begin), this.left) - 8, 'ink');
    }
    if (row.key === 'protocol') {
      c.fillStyle = colours.ink2;
      const at = this.arm.instants;
      for (let i = search(at, v0), last = -9; i < at.length && at[i] < v1; i++) {
        const x = Math.round(this.x(at[i]));
        if (x > last + 1) { c.fillRect(x, row.y + 3, 1, row.height - 6); last = x; }
      }
    }
  },
  label(words, x, y, room, ink, weight, plain) {
    const whole = widthOf(words, 11.5, weight) <= room, text = whole ? words : room > 60 ? fitted(words, 11.5, weight, room) : '';
    if (text) this.labels.push([text, x, y, ink, weight || 400, plain]);
  },
  paintOwner(row, chosen) {
    const c = this.c, lane = this.arm.lanes[row.key], middle = row.y + row.height / 2;
    const part = chosen && chosen.lanes.includes(row.key);
    c.globalAlpha = !chosen || part ? 1 : lane.exposed.length ? .62 : .42;
    this.boxes(lane.alive, middle - .5, 1, 1, colours.open);
    this.boxes(lane.tube, middle - 6, 12, .6, colours['tun-pale']);
    this.boxes(lane.stale, middle - 6, 12, 1, this.fill('dots'));
    this.boxes(lane.exposed, middle - 8, 16, 2, colours['leak-soft']);
    this.boxes(lane.bypassed, middle - 6, 12, 1, null, colours.byp);
    this.boxes(lane.blocked, middle - 7, 14, 2, this.fill('hatch'), colours.blk);
    this.paintBursts(lane, middle);
    c.globalAlpha = 1;
  },
  /** One stroke for each fate and column of pixels, its height the logarithm of the bytes there. */
  paintBursts(lane, middle) {
    const [v0, v1] = this.view, columns = Math.ceil(this.right - this.left) + 1, {at, size, fate} = lane;
    const first = search(at, v0), behind = search(at, v1);
    if (first === behind) return;
    const sums = this.sums?.[0].length === columns ? this.sums : (this.sums = FATE_COLOUR.map(() => new Float64Array(columns)));
    const used = new Set(), k = (columns - 1) / (v1 - v0);
    for (let i = first; i < behind; i++) { used.add(fate[i]); sums[fate[i]][(at[i] - v0) * k | 0] += size[i]; }
    for (const f of FATE_ORDER) {
      if (!used.has(f)) continue;
      const sum = sums[f], leak = f === FATE.LEAKED, wide = leak ? 1.6 : 1;
      this.c.fillStyle = colours[FATE_COLOUR[f]];
      for (let i = 0; i < columns; i++) {
        if (!sum[i]) continue;
        const share = .25 + .75 * Math.min(Math.max((Math.log10(sum[i]) - 2) / 5, 0), 1);
        if (f === FATE.STALLED) { this.c.beginPath(); this.c.arc(this.left + i + .5, middle, 1.7, 0, 7); this.c.fill(); }
        else {
          const half = leak ? 6 + 5 * share : f === FATE.OPEN || f === FATE.OFFLINE || f === FATE.WAITING ? 1.2 + 2.6 * share : 6 * share;
          this.c.fillRect(this.left + i, middle - half, wide, 2 * half);
        }
        sum[i] = 0;
      }
    }
  },
  /** Stacked by part, on the same scale under all policies. */
  paintPower(row) {
    const stack = powerStack(this.arm, this.view, Math.max(Math.floor((this.right - this.left) / 2), 2)), top = powerTop();
    paintStack(this.c, stack, x => this.left + x * (this.right - this.left), watts => row.y + row.height - watts / top * row.height);
    this.powerStack = stack; this.powerTop = top;
  },

  // Above the canvas -------------------------------------------------------------------------------------------------

  paintWords(chosen) {
    const parts = [], {left, right} = this, words = (text, x, y, ink, more) => draw('text', {x, y, fill: `var(--${ink})`, 'font-size': 12, ...more}, text);
    for (const row of this.rows) {
      const lane = row.owner && this.arm.lanes[row.key], leaks = lane && lane.exposed.length, quiet = chosen && row.owner && !chosen.lanes.includes(row.key);
      parts.push(words(fitted(row.name, 12, leaks || row.key === 'said' ? 600 : 400, left - 18), left - 10, row.y + row.height / 2 + 4, leaks ? 'leak-ink' : row.key === 'said' ? 'ink' : 'ink2',
        {'text-anchor': 'end', 'font-weight': leaks || row.key === 'said' ? 600 : 400, opacity: quiet && !leaks ? .7 : 1}));
      if (row.power) parts.push(words(`${this.powerTop < 2 ? Math.round(this.powerTop * 1000) + ' mW' : this.powerTop.toFixed(1) + ' W'}`, left - 10, row.y + 8, 'ink3', {'text-anchor': 'end', 'font-size': 10.5}), ...this.powerWords(row, words));
    }
    const places = chosen ? this.places(chosen) : [];
    for (const [text, x, y, ink, weight, plain] of this.labels) {
      const under = places.filter(p => Math.abs(p.y + 4 - y) < 9).map(p => p.x).sort((p, q) => p - q);
      if (places.some(p => p.x < left + 12) && x < left + 10) under.unshift(left + 2);
      const clear = under.reduce((from, p) => p + 11 > from && p - 11 < from + 8 ? p + 14 : from, x);
      parts.push(words(text, clear, y, ink, {'font-size': 11.5, 'font-weight': weight, ...(plain ? {stroke: 'var(--surface)', 'stroke-width': 4, 'paint-order': 'stroke'} : {})}));
    }
    for (const [at, text] of this.ticks) {
      const x = this.x(at);
      parts.push(words(text, Math.min(Math.max(x, left + 2), right), this.bottom + 17, 'ink3', {'text-anchor': x < left + 16 ? 'start' : x > right - 16 ? 'end' : 'middle', 'font-size': 11.5}));
    }
    if (page.folded.length) {
      const n = page.folded.length, text = this.unfolded ? `fold the ${n} that never left the tunnel` : `and ${n} more, never outside: show`;
      parts.push(draw('g', {class: 'fold screen-only', role: 'button', tabindex: 0, 'aria-label': text, onclick: () => { this.unfolded = !this.unfolded; this.paint(); }, onkeydown: pressed(() => { this.unfolded = !this.unfolded; this.paint(); byId('over').querySelector('.fold').focus(); })},
        words(text, left + 4, this.foldAt + 6, 'ink2', {'font-size': 11.5})));
    }
    parts.push(...this.heads(words));
    if (chosen) parts.push(...this.chainPath(places));
    parts.push(...this.veil());
    const over = byId('over');
    over.setAttribute('viewBox', `0 0 ${this.width} ${this.height}`);
    const focused = document.activeElement?.dataset?.window;
    over.replaceChildren(...parts);
    if (focused) over.querySelector(`[data-window="${focused}"]`)?.focus();
  },
  /** Names of the areas where they are thick enough for them. */
  powerWords(row, words) {
    const found = [], {stack} = {stack: this.powerStack}, n = stack[0].length;
    stack.forEach((tops, g) => {
      let best = -1, thick = 11;
      for (let i = Math.ceil(n * .03); i < n * .9; i++) {
        const t = (tops[i] - (g ? stack[g - 1][i] : 0)) / this.powerTop * row.height;
        if (t > thick) { thick = t; best = i; }
      }
      if (best < 0) return;
      const y = row.y + row.height - ((tops[best] + (g ? stack[g - 1][best] : 0)) / 2) / this.powerTop * row.height;
      found.push(words(POWER_WORDS[g], this.left + best / n * (this.right - this.left), y + 4, g === 4 ? 'surface' : g === 3 ? 'surface' : 'ink', {'font-size': 10.5, 'text-anchor': 'middle'}));
    });
    return found;
  },
  /** A bar for every window, and a numbered head for the notable ones; heads push each other apart. */
  heads(words) {
    const {arm, left, right} = this, parts = [], half = w => Math.max(10, 6 + String(w.number).length * 3.6), clip = x => Math.min(Math.max(x, left), right), [v0, v1] = this.view;
    let reach = -1, path = '';
    for (const w of arm.windows) {
      if (w.end < v0 || w.begin > v1) continue;
      const a = clip(this.x(w.begin)), b = Math.max(clip(this.x(w.end)), a + 3);
      if (b <= reach) continue;
      path += `M${Math.max(a, reach).toFixed(1)} ${HEADS - 4}H${b.toFixed(1)}`; reach = b;
    }
    if (path) parts.push(draw('path', {d: path, stroke: 'var(--leak)', 'stroke-width': 4}));
    const chosen = this.chosen();
    if (chosen) parts.push(draw('path', {d: `M${clip(this.x(chosen.begin))} ${HEADS - 1}H${Math.max(clip(this.x(chosen.end)), clip(this.x(chosen.begin)) + 3)}`, stroke: 'var(--ink)', 'stroke-width': 2}));
    const shown = [...new Set([...arm.notable.map(i => i + 1), ...(chosen ? [chosen.number] : [])])].map(n => arm.windows[n - 1]).filter(w => w.end >= v0 && w.begin <= v1)
      .map(w => ({w, x: clip((clip(this.x(w.begin)) + clip(this.x(w.end))) / 2)})).sort((p, q) => p.x - q.x);
    const apart = (p, q) => (half(p.w) + half(q.w)) + 3;
    shown.forEach((p, i) => { if (i) p.x = Math.max(p.x, shown[i - 1].x + apart(shown[i - 1], p)); });
    for (let i = shown.length - 1; i >= 0; i--) { const most = i === shown.length - 1 ? right - 8 : shown[i + 1].x - apart(shown[i], shown[i + 1]); shown[i].x = Math.min(shown[i].x, most); }
    for (const {w, x} of shown) {
      const on = w.number === state.window, text = String(w.number), wide = half(w);
      parts.push(draw('g', {class: 'head', role: 'button', tabindex: 0, 'data-window': w.number, 'aria-pressed': on, 'aria-label': `Window ${w.number}: ${w.short}, ${clock(w.begin)}, ${spell(w.end - w.begin)}`, onclick: () => choose(w.number), onkeydown: pressed(() => choose(w.number))},
        draw('rect', {x: x - wide, y: 1, width: 2 * wide, height: 20, rx: 10, fill: on ? 'var(--leak)' : 'var(--surface)', stroke: 'var(--leak)', 'stroke-width': 1.5}),
        draw('text', {x, y: 15, 'text-anchor': 'middle', 'font-size': 11.5, 'font-weight': 650, fill: on ? 'var(--on-leak)' : 'var(--leak-ink)'}, text)));
    }
    return parts;
  },
  /** Where the steps of a window are. Those that would cover each other stand side by side. */
  places(w) {
    const places = [], taken = {};
    for (const [i, step] of stepsOf(w).entries()) {
      const row = this.row(step.lane) || this.row(w.lanes[0]);
      if (!row) continue;
      let x = Math.min(Math.max(this.x(step.at), this.left + 9), this.right - 9);
      const used = taken[row.key] ||= [];
      while (used.some(u => Math.abs(u - x) < 20)) x += 20;
      if (x > this.right - 9) { x = this.right - 9; while (used.some(u => Math.abs(u - x) < 20)) x -= 20; }
      used.push(x);
      places.push({x, y: row.y + row.height / 2, n: i + 1, end: step.end});
    }
    return places;
  },
  /** The chosen window's causes: numbered on the lanes where they happened, joined in order of time. */
  chainPath(places) {
    let path = '';
    places.forEach((p, i) => {
      const q = places[i - 1];
      path += !q ? `M${p.x} ${p.y}` : Math.abs(q.y - p.y) < 1 ? `L${p.x} ${p.y}` : `C${q.x + (p.x - q.x) * .5} ${q.y} ${p.x - (p.x - q.x) * .5} ${p.y} ${p.x} ${p.y}`;
    });
    return [draw('path', {d: path, fill: 'none', stroke: 'var(--surface)', 'stroke-width': 5, 'stroke-linejoin': 'round'}), draw('path', {class: 'chain-path', d: path, fill: 'none', stroke: 'var(--ink)', 'stroke-width': 1.6}),
      ...places.map(p => draw('g', {class: 'mark'}, draw('circle', {cx: p.x, cy: p.y, r: 9, fill: p.end ? 'var(--surface)' : 'var(--ink)', stroke: p.end ? 'var(--ink)' : 'var(--surface)', 'stroke-width': 1.6}),
        draw('text', {x: p.x, y: p.y + 4, 'text-anchor': 'middle', 'font-size': 11, 'font-weight': 650, fill: p.end ? 'var(--ink)' : 'var(--surface)'}, p.n)))];
  },
  /** While it plays, the future is veiled. */
  veil() {
    const event = state.event >= 0 && this.arm.events[state.event];
    if (!event) return [];
    const x = Math.min(Math.max(this.x(event[0]), this.left), this.right), row = this.row(event[1]);
    return [draw('rect', {x, y: HEADS, width: Math.max(this.right - x, 0), height: this.bottom - HEADS, fill: 'var(--surface)', opacity: .72}), draw('path', {d: `M${x} ${HEADS}V${this.bottom}`, stroke: 'var(--ink)', 'stroke-width': 1.4}),
      row ? draw('circle', {class: 'now', cx: x, cy: row.y + row.height / 2, r: 6, fill: 'var(--ink)', stroke: 'var(--surface)', 'stroke-width': 2}) : null].filter(Boolean);
  },

  // Looking closer ---------------------------------------------------------------------------------------------------

  look(begin, end) {
    const span = Math.min(Math.max(end - begin, Math.min(8 * SECOND, page.duration)), page.duration);
    begin = Math.min(Math.max(begin, 0), page.duration - span);
    this.view = [begin, begin + span];
    this.ask(); paintOverview();
  },
  zoom(factor, about) {
    const [a, b] = this.view, c = about ?? (a + b) / 2;
    this.look(c - (c - a) * factor, c + (b - c) * factor);
  },
  pan(share) { const by = (this.view[1] - this.view[0]) * share; this.look(this.view[0] + by, this.view[1] + by); },
  lookAt(w) {
    const first = Math.max(Math.min(w.begin, ...stepsOf(w).map(s => s.at)), w.begin - 2 * HOUR), margin = Math.max(4 * SECOND, (w.end - first) * .12);
    this.look(first - margin, w.end + margin);
  },

  // The pointer and the reading cursor: what exactly is there --------------------------------------------------------

  tell(x, y, row) {
    const tip = byId('tip'), at = this.at(x);
    row ||= this.rows.find(r => y >= r.y - 2 && y < r.y + r.height + 2);
    byId('over').querySelector('.hair')?.remove();
    if (!row || x < this.left || x > this.right) { tip.style.display = 'none'; return; }
    byId('over').append(draw('path', {class: 'hair', d: `M${x} ${HEADS}V${this.bottom}`, stroke: 'var(--ink3)', 'stroke-width': 1}));
    const fine = this.view[1] - this.view[0] < 10 * MINUTE;
    tip.replaceChildren(make('div', {}, make('b', {}, `${clock(at, fine)}  ${row.name}`)), ...this.facts(row, at, fine).filter(Boolean));
    tip.style.display = 'block';
    const wide = byId('plot').clientWidth;
    tip.style.left = `${Math.max(4, x + 14 + tip.offsetWidth > wide ? x - tip.offsetWidth - 14 : x + 14)}px`;
    tip.style.top = `${Math.min(y + 16, Math.max(this.height - tip.offsetHeight, y - tip.offsetHeight - 12))}px`;
  },
  facts(row, at, fine) {
    const span = (begin, end) => [['from', clock(begin, fine)], ['to', clock(end, fine)], ['lasts', spell(end - begin)]];
    if (row.power) {
      const i = Math.min(Math.floor(at / page.duration * this.arm.power[0].length), this.arm.power[0].length - 1);
      return [list(this.arm.power.map((p, g) => [POWER_WORDS[g], `${p[i]} mW`]))];
    }
    if (row.state) {
      const band = this.arm.states[row.key].find(b => at >= b.begin && at < b.end);
      return band ? [make('div', {}, band.label || STATE_LABEL[row.key]?.[band.kind] || band.kind.toLowerCase().replaceAll('_', ' ') || 'on'), list(span(band.begin, band.end))] : [make('div', {class: 'quiet'}, row.key === 'intent' ? 'not asked for' : 'nothing')];
    }
    const lane = this.arm.lanes[row.key], near = (this.view[1] - this.view[0]) / (this.right - this.left) * 2;
    const name = ['exposed', 'blocked', 'bypassed', 'stale', 'tube', 'alive'].find(n => covering(lane[n], at, near) >= 0);
    if (!name) return [make('div', {class: 'quiet'}, 'no connection open')];
    const i = covering(lane[name], at, near), a = lane[name][i], b = lane[name][i + 1], facts = span(a, b);
    const from = search(lane.at, a), to = search(lane.at, b), here = sumOf(lane, search(lane.at, at - near), search(lane.at, at + near));
    facts.push(['bursts in it', `${(to - from).toLocaleString('en')}, ${bytes(sumOf(lane, from, to).bytes)}`]);
    if (here.count) facts.push([here.count === 1 ? `burst at ${clock(lane.at[here.first], true)}` : 'under the pointer', here.count === 1 ? `${bytes(here.bytes)}, ${page.fates[lane.fate[here.first]].toLowerCase()}` : `${here.count}, ${bytes(here.bytes)}`]);
    return [make('div', {class: name === 'exposed' ? 'hot' : ''}, make('b', {}, FATE_SAYS[name])), list(facts)];
  },
  /** The reading cursor goes to the next or last change of its lane. */
  step(direction) {
    const row = this.cursor.row, edges = row.state ? this.arm.states[row.key].flatMap(b => [b.begin, b.end]) : row.owner ? [...this.arm.lanes[row.key].exposed, ...this.arm.lanes[row.key].blocked, ...this.arm.lanes[row.key].alive] : [];
    const near = (this.view[1] - this.view[0]) / 400, next = edges.filter(e => direction > 0 ? e > this.cursor.at + near : e < this.cursor.at - near);
    const fallback = this.cursor.at + direction * (this.view[1] - this.view[0]) / 20;
    this.cursor.at = Math.min(Math.max(next.length ? direction > 0 ? Math.min(...next) : Math.max(...next) : fallback, 0), page.duration);
    if (this.cursor.at < this.view[0] || this.cursor.at > this.view[1]) { const half = (this.view[1] - this.view[0]) / 2; this.look(this.cursor.at - half, this.cursor.at + half); }
    this.read();
  },
  move(by) {
    const rows = this.rows, i = this.cursor ? rows.findIndex(r => r.key === this.cursor.row.key) : -1;
    this.cursor = {row: rows[Math.min(Math.max(i + by, 0), rows.length - 1)], at: this.cursor?.at ?? (this.view[0] + this.view[1]) / 2};
    this.read();
  },
  read() {
    this.paint();
    this.cursor.row = this.rows.find(r => r.key === this.cursor.row.key);
    this.tell(Math.min(Math.max(this.x(this.cursor.at), this.left), this.right), this.cursor.row.y + this.cursor.row.height / 2, this.cursor.row);
    byId('spoken').textContent = byId('tip').innerText;
  },
};

const list = rows => make('dl', {}, rows.map(([key, value]) => [make('dt', {}, key), make('dd', {}, value)]));
/** Index of the interval that covers an instant, or lies within `near` of it; -1 if none does. */
function covering(spans, at, near) {
  const i = search(spans, at), k = i - i % 2;
  for (const j of [k, k - 2]) if (j >= 0 && j < spans.length && at >= spans[j] - near && at < spans[j + 1] + near) return j;
  return -1;
}
function sumOf(lane, first, behind) {
  let sum = 0;
  for (let i = first; i < behind; i++) sum += lane.size[i];
  return {count: behind - first, bytes: sum, first};
}
/** A key that presses a button which is no button element. */
const pressed = action => event => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); event.stopPropagation(); action(); } };

// Power ---------------------------------------------------------------------------------------------------------------

/** Tops of the stacked areas in columns of a view. [W] */
function powerStack(arm, [v0, v1], columns) {
  const n = arm.power[0].length, below = new Float64Array(columns);
  return arm.power.map(part => Float64Array.from(below, (base, i) => {
    const from = (v0 + (v1 - v0) * i / columns) / page.duration * n, to = (v0 + (v1 - v0) * (i + 1) / columns) / page.duration * n;
    let sum = 0, weight = 0;
    for (let k = Math.floor(from); k < to && k < n; k++) { const w = Math.min(to, k + 1) - Math.max(from, k); sum += part[k] * w; weight += w; }
    return below[i] = base + (weight ? sum / weight / 1000 : 0);
  }));
}
let greatest = 0;
function powerTop() {
  if (!greatest) page.arms.forEach((_, i) => powerStack(armOf(i), [0, page.duration], 400).at(-1).forEach(w => { greatest = Math.max(greatest, w); }));
  return greatest * 1.06 || 1;
}
function paintStack(c, stack, x, y) {
  const n = stack[0].length;
  for (let g = stack.length - 1; g >= 0; g--) {
    c.fillStyle = colours[POWER_COLOUR[g]];
    c.beginPath(); c.moveTo(x(0), y(0));
    for (let i = 0; i < n; i++) { c.lineTo(x(i / n), y(stack[g][i])); c.lineTo(x((i + 1) / n), y(stack[g][i])); }
    c.lineTo(x(1), y(0)); c.fill();
  }
}
