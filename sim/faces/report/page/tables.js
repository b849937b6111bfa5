// Everything beside the pictures: legend, windows and their causes, policies side by side, battery, assumptions.

const COMPONENTS = {
  base_idle: 'Phone, idle or asleep', base_screen: 'Screen', base_wakes: 'Dark wakes', cellular_idle: 'Cellular, idle', cellular_promotion: 'Cellular, waking up', cellular_transfer: 'Cellular, sending and receiving',
  cellular_tail: 'Cellular, waiting (tails)', cellular_handover: 'Cellular, handovers', cellular_attach: 'Cellular, registering', cellular_search: 'Cellular, searching', cellular_weak_signal: 'Cellular, weak signal', wifi_idle: 'Wi-Fi, idle', wifi_transfer: 'Wi-Fi, sending and receiving', wifi_tail: 'Wi-Fi, waiting (tails)',
  wifi_join: 'Wi-Fi, joining', vpn_data_path: 'VPN process, copying packets', vpn_crypto: 'VPN process, ciphers', vpn_handshakes: 'VPN process, handshakes', vpn_wakeups: 'VPN process, wake-ups',
};
const GROUP = {base: 'e1', wifi: 'e3', cellular: 'e4', vpn: 'vpn'};
const titleOf = name => COMPONENTS[name] || name.replaceAll('_', ' ');

function head(...cells) { return make('thead', {}, make('tr', {}, cells.map(cell => make('th', {scope: 'col', class: cell.endsWith('>') ? 'right' : null}, cell.replace('>', ''))))); }
function bar(...parts) {
  return make('span', {class: 'barline', 'aria-hidden': 'true'}, parts.map(([share, colour]) => { const part = make('i'); part.style.width = `${Math.max(share, 0) * 100}%`; part.style.background = `var(--${colour})`; return part; }));
}
function swatch(colour) { const s = make('span', {class: 'swatch', 'aria-hidden': 'true'}); s.style.background = `var(--${colour})`; return s; }

// Headline -------------------------------------------------------------------------------------------------------------

function headline() {
  const arm = page.arms[state.arm], [name, ...rest] = page.title;
  refill('eyebrow', make('b', {}, name), rest.filter(w => !w.startsWith('policy ')).map(w => make('span', {}, w)), make('span', {}, 'policy ', make('b', {}, arm.name)));
  refill('sentence', arm.sentence.map(line => make('span', {}, line.map(([words, hot]) => hot ? make('em', {}, words) : words), ' ')));
  refill('lede', arm.lede || page.about || ' ');
  refill('strip', arm.cells.map(([name, value, about, tone]) => make('div', {class: `cell ${tone}`}, make('dt', {}, name), make('dd', {class: 'value'}, small(value)), make('dd', {class: 'about'}, about))));
  refill('beside', arm.beside.map(words => make('span', {}, words)));
}

function legend() {
  const arm = page.arms[state.arm], says = ['inside the tunnel', 'should be inside', 'around it, by design', 'before you asked', 'refused', 'never arrived', 'no network', 'still waiting', 'behind the router'];
  refill('asked', `All ${bytes(arm.bytes.reduce((a, b) => a + b, 0))} that the apps asked for, by fate:`);
  refill('legend', page.fates.map((name, fate) => arm.bytes[fate] || fate === FATE.LEAKED || fate === FATE.BLOCKED || fate === FATE.TUNNELLED ?
    make('li', {}, sample(fate), make('div', {}, make('b', {}, name), ` ${bytes(arm.bytes[fate])}`), make('span', {}, says[fate])) : null));
}
/** How a fate looks, with its second cue. */
function sample(fate) {
  const at = [3, 7, 10, 14, 19, 23, 27], ticks = (half, colour, wide) => draw('path', {d: at.map(x => `M${x} ${11 - half}v${2 * half}`).join(''), stroke: `var(--${colour})`, 'stroke-width': wide || 1.2});
  const box = more => draw('rect', {x: .5, y: 5, width: 30, height: 12, ...more});
  const shapes = {
    [FATE.TUNNELLED]: () => [box({fill: 'var(--tun-soft)'}), ticks(4, 'tun')], [FATE.LEAKED]: () => [draw('rect', {x: .5, y: 3, width: 30, height: 16, fill: 'var(--leak-soft)'}), ticks(11, 'leak', 2)],
    [FATE.BYPASSED]: () => [box({fill: 'none', stroke: 'var(--byp)'}), ticks(3, 'byp')], [FATE.BLOCKED]: () => [box({fill: 'url(#hatch)', stroke: 'var(--blk)'})],
    [FATE.STALLED]: () => at.map(x => draw('circle', {cx: x, cy: 11, r: 1.7, fill: 'var(--stl)'})), [FATE.OPEN]: () => [draw('path', {d: 'M0 11h31', stroke: 'var(--open)'}), ticks(2.5, 'open')],
  };
  return draw('svg', {width: 32, height: 22, viewBox: '0 0 32 22', 'aria-hidden': 'true'}, (shapes[fate] || (() => [draw('path', {d: 'M0 11h31', stroke: 'var(--off)', 'stroke-dasharray': '3 2'}), ticks(2, FATE_COLOUR[fate])]))());
}

// Windows --------------------------------------------------------------------------------------------------------------

/** The steps of a window, its end as the last. */
function stepsOf(w) {
  const texts = page.arms[state.arm].texts, steps = w.steps.map(([at, lane, text, ground]) => ({at, lane, text: texts[text], ground: texts[ground]}));
  return [...steps, {at: w.end, lane: w.lanes[0], text: w.closed, ground: '', end: true}];
}
function tabs() {
  const arm = armOf(state.arm), shown = [...arm.notable.map(i => arm.windows[i])];
  const chosen = arm.windows[state.window - 1];
  if (chosen && !shown.includes(chosen)) shown.push(chosen);
  shown.sort((a, b) => a.number - b.number);
  const element = refill('tabs', shown.map((w, i) => make('button', {type: 'button', class: 'tab', role: 'tab', id: `tab-${w.number}`, 'aria-controls': 'chain', 'aria-selected': String(w.number === state.window), tabindex: w.number === state.window || (!chosen && !i) ? 0 : -1, onclick: () => choose(w.number)},
    make('span', {class: 'pin'}, String(w.number)), make('span', {}, w.short), make('span', {}, spell(w.end - w.begin)))));
  element.hidden = !shown.length;
  const more = arm.windows.length - shown.length;
  refill('more', more > 0 ? `and ${more} more: in the table below, or step through all with [ and ]` : '');
}
function panel(w) {
  const arm = page.arms[state.arm], fine = w.end - w.begin < 10 * SECOND, steps = stepsOf(w);
  const crowded = fine || steps.some((s, i) => i && s.at !== steps[i - 1].at && s.at - steps[i - 1].at < SECOND);
  const lane = w.lanes.map(i => page.lanes[i][0]).join(', ');
  return make('div', {class: 'chain'}, make('div', {class: 'title'}, make('span', {class: 'pin'}, String(w.number)), make('h3', {}, w.short), make('span', {class: 'quiet'}, w.cause)),
    make('p', {class: 'why'}, w.why),
    make('p', {class: 'facts'}, make('span', {}, 'Exposed ', make('b', {}, `${clock(w.begin, fine)} – ${w.end >= page.duration ? 'the end' : clock(w.end, fine)}, ${spell(w.end - w.begin)}`)),
      make('span', {}, 'Leaked ', make('b', {}, w.bytes ? `${bytes(w.bytes)} in ${counted(w.bursts, 'burst')}` : 'nothing'), w.used ? ` from ${clock(w.used[0], fine)} to ${clock(w.used[1], fine)}` : ''), make('span', {}, `Seen by others: ${w.seen.join(', ')}`), make('span', {}, `Lanes: ${lane}`)),
    make('ol', {class: 'steps'}, steps.map((s, i) => make('li', {class: s.end ? 'end' : null}, make('span', {class: 'number', 'aria-hidden': 'true'}, String(i + 1)), make('time', {}, clock(s.at, crowded)),
      make('span', {class: 'words'}, s.text, s.ground && s.ground !== steps[i - 1]?.ground ? make('span', {class: 'ground'}, s.ground) : null)))),
    make('div', {class: 'closes'}, make('h3', {}, 'What would have closed it'), make('ul', {}, (arm.remedies[w.cause] || []).map(([what, price]) => make('li', {}, make('b', {}, what), make('span', {}, price), tryIt(what))))));
}
/** Where a remedy is one of the days on this page, a way to it. */
function tryIt(what) {
  const wanted = /includeAllNetworks/.test(what) ? /^sealed$|^seal the device$/ : /before opening apps/.test(what) ? /connect.first/ : null;
  const i = wanted ? page.arms.findIndex(arm => wanted.test(arm.name)) : -1;
  return i > 0 && i !== state.arm ? make('div', {class: 'screen-only'}, make('button', {type: 'button', class: 'link', onclick: () => policy(i)}, `See the same ${page.span} with it`)) : null;
}
function chain() {
  const arm = armOf(state.arm), w = arm.windows[state.window - 1], element = byId('chain');
  element.toggleAttribute('hidden', !arm.windows.length && !arm.system_bytes);
  if (w) { element.setAttribute('aria-labelledby', `tab-${w.number}`); element.setAttribute('role', 'tabpanel'); } else { element.removeAttribute('aria-labelledby'); element.removeAttribute('role'); }
  refill('chain', w ? panel(w) : make('p', {class: 'sub'}, arm.windows.length ? 'Choose a window to see its causes.' : `No leak window under this policy. The platform’s own services went around the tunnel with ${bytes(arm.system_bytes)}.`));
  refill('printed', state.printing ? arm.notable.map(i => arm.windows[i]).filter(o => o !== w).map(panel) : []);
}
let everyWindow = false;
function windowTable() {
  const arm = armOf(state.arm), few = new Set(arm.notable.map(i => arm.windows[i])), shown = arm.windows.length <= 12 || everyWindow ? arm.windows : arm.windows.filter(w => few.has(w) || w.number === state.window);
  const table = make('table', {class: 'rows'}, head('#', 'Cause', 'Open', 'Exposed>', 'Leaked>', 'Whose', 'Who could see what'), make('tbody', {}, shown.map(w => make('tr', {class: w.number === state.window ? 'chosen' : null, onclick: () => choose(w.number)},
    make('td', {}, make('button', {type: 'button', class: 'pin', 'aria-label': `Choose window ${w.number}`}, String(w.number))), make('td', {}, w.short, make('span', {class: 'quiet'}, w.cause)), make('td', {}, `${clock(w.begin)} – ${w.end >= page.duration ? 'the end' : clock(w.end)}`),
    make('td', {class: 'right'}, spell(w.end - w.begin)), make('td', {class: 'right'}, w.bytes ? bytes(w.bytes) : '–', w.bursts ? make('span', {class: 'quiet'}, counted(w.bursts, 'burst')) : null), make('td', {}, w.whose), make('td', {}, w.seen.join(', '))))));
  const rest = arm.windows.length - shown.length;
  refill('windows', arm.windows.length ? table : make('p', {class: 'sub'}, 'There is none.'));
  refill('every', rest > 0 || everyWindow ? make('button', {type: 'button', class: 'button screen-only', onclick: () => { everyWindow = !everyWindow; windowTable(); }}, everyWindow ? 'Show the longest only' : `Show all ${arm.windows.length}`) : null);
}

// Policies -------------------------------------------------------------------------------------------------------------

function cards() {
  const most = [0, 1, 2].map(k => Math.max(...page.arms.map(arm => arm.totals[k]), 1e-9));
  const meter = (key, share, colour, words) => { const fill = make('i', {class: `fill-${colour}`}); fill.style.width = `${Math.max(share, 0) * 100}%`; return [make('span', {class: 'key'}, key), make('span', {class: 'bar'}, fill), make('span', {class: 'number'}, words)]; };
  refill('cards', page.arms.map((arm, i) => make('button', {type: 'button', class: 'card', role: 'radio', 'aria-checked': String(i === state.arm), tabindex: i === state.arm ? 0 : -1, onclick: () => policy(i)},
    make('span', {class: 'name'}, make('i', {'aria-hidden': 'true'}), arm.name), make('span', {class: 'about'}, arm.about), make('canvas', {id: `small-${i}`, 'aria-hidden': 'true'}),
    make('span', {class: 'meters'}, meter('Exposed', arm.totals[0] / most[0], 'leak', spell(arm.totals[0] * SECOND)), meter('Blocked', arm.totals[1] / most[1], 'blk', spell(arm.totals[1] * SECOND)), meter('Battery', arm.totals[2] / most[2], 'vpn', `${arm.totals[2].toPrecision(2)} %`)))));
  page.arms.forEach((_, i) => miniature(i));
  refill('policies', page.arms.map((arm, i) => make('button', {type: 'button', role: 'radio', 'aria-checked': String(i === state.arm), tabindex: i === state.arm ? 0 : -1, onclick: () => policy(i)}, arm.name)));
}
/** All lanes of an arm, on the scale of all others. */
function miniature(number) {
  const canvas = byId(`small-${number}`), arm = armOf(number), width = canvas.clientWidth || 260, rows = page.lanes.map((_, i) => i).filter(i => !page.folded.includes(i)), step = Math.min(7.5, 90 / rows.length), height = rows.length * step + 4, scale = 2;
  canvas.width = width * scale; canvas.height = height * scale; canvas.style.height = `${height}px`;
  const c = canvas.getContext('2d'); c.scale(scale, scale);
  const boxes = (spans, y, h, least, colour) => { c.fillStyle = colour; for (let i = 0; i < spans.length; i += 2) { const a = spans[i] / page.duration * width; c.fillRect(a, y, Math.max((spans[i + 1] - spans[i]) / page.duration * width, least), h); } };
  rows.forEach((lane, i) => {
    const y = i * step + 2, l = arm.lanes[lane];
    boxes(l.alive, y + step * .45, .8, .3, colours.open); boxes(l.tube, y + step * .2, step * .6, .3, colours['tun-soft']);
    boxes(l.bypassed, y + step * .3, step * .4, .4, colours.byp); boxes(l.blocked, y, step * .85, 1.6, colours.blk); boxes(l.exposed, y, step * .85, 1.6, colours.leak);
  });
}

// Battery --------------------------------------------------------------------------------------------------------------

function battery() {
  const {energy} = page.arms[state.arm], rows = [...energy.components].sort((a, b) => b[1] - a[1]), most = rows[0]?.[1] || 1;
  refill('spent', `${joules(energy.total)} J, ${energy.percent.toPrecision(3)} % of a full battery. `, make('b', {}, `${joules(energy.added)} J of it (${energy.added_percent.toPrecision(2)} %) are the VPN’s`), `: what this ${page.span} cost more than the same ${page.span} without a VPN.`);
  refill('components', make('table', {}, head('Component', 'Share', 'J>', 'added by the VPN>'), make('tbody', {}, rows.filter(r => r[1] >= energy.total * 1e-4 || Math.abs(r[2]) >= .05).map(([name, j, added]) => make('tr', {}, make('td', {}, swatch(name === 'base_screen' ? 'e2' : GROUP[name.split('_')[0]] || 'e1'), titleOf(name)),
    make('td', {}, bar([Math.max(j - Math.max(added, 0), 0) / most, name === 'base_screen' ? 'e2' : GROUP[name.split('_')[0]] || 'e1'], [Math.min(Math.max(added, 0), j) / most, 'vpn'])), make('td', {class: 'right'}, joules(j)), make('td', {class: 'right'}, Math.abs(added) < .05 ? '–' : `${added < 0 ? '−' : '+'}${joules(Math.abs(added))}`))))));
  const blame = energy.blame, largest = Math.max(...blame.map(r => r[1]), 1e-9), sum = blame.reduce((a, r) => a + r[1], 0);
  refill('blame', make('table', {}, head('Because of', 'Share', 'J>', '%>'), make('tbody', {}, blame.slice(0, 16).map(([name, j]) => make('tr', {}, make('td', {}, name), make('td', {}, bar([j / largest, /^vpn/i.test(name) ? 'vpn' : 'e4'])), make('td', {class: 'right'}, joules(j)), make('td', {class: 'right'}, (j / sum * 100).toFixed(1)))))));
  area();
}
/** Power over the whole time, larger than in the lanes. */
function area() {
  const canvas = byId('area'), width = state.printing ? 1150 : canvas.parentElement.clientWidth, height = 190, scale = state.printing ? 3 : Math.min(devicePixelRatio || 1, 3);
  if (!width) return;
  canvas.width = width * scale; canvas.height = height * scale; canvas.style.height = `${height}px`;
  const c = canvas.getContext('2d'), left = 52, right = width - 8, foot = height - 24, top = powerTop();
  c.scale(scale, scale); c.font = `11.5px ${FONT}`; c.textBaseline = 'middle';
  const stack = powerStack(armOf(state.arm), [0, page.duration], Math.floor((right - left) / 2)), y = w => foot - w / top * (foot - 8);
  const nice = [.05, .1, .2, .5, 1, 2, 5].find(s => top / s <= 4) || 10;
  for (let w = 0; w <= top; w += nice) { c.fillStyle = colours.line; c.fillRect(left, y(w), right - left, 1); c.fillStyle = colours.ink3; c.textAlign = 'right'; c.fillText(nice < 1 ? `${Math.round(w * 1000)} mW` : `${w} W`, left - 6, y(w)); }
  paintStack(c, stack, x => left + x * (right - left), y);
  c.fillStyle = colours.ink3;
  for (const [at, words] of axis(0, page.duration, width < 640 ? 4 : 12)) { const x = left + at / page.duration * (right - left); c.textAlign = x < left + 16 ? 'left' : x > right - 16 ? 'right' : 'center'; c.fillText(words, x, foot + 14); }
  refill('areas', POWER_WORDS.map((words, g) => make('li', {}, swatch(POWER_COLOUR[g]), words)));
}

// What it rests on -----------------------------------------------------------------------------------------------------

let confidence = 'assumed';
function parameters() {
  const kinds = ['assumed', 'reported', 'measured', 'specified'], count = kind => page.parameters.filter(p => p[3] === kind).length;
  refill('confidences', [...kinds, 'all'].map(kind => make('button', {type: 'button', role: 'radio', 'aria-checked': String(kind === confidence), tabindex: kind === confidence ? 0 : -1, onclick: () => { confidence = kind; parameters(); }}, `${kind} ${kind === 'all' ? page.parameters.length : count(kind)}`)));
  refill('parameters', make('table', {}, head('Parameter', 'Value', 'May lie in', 'How well known', 'Source'), make('tbody', {}, page.parameters.filter(p => confidence === 'all' || p[3] === confidence).map(([path, value, range, known, source, note]) => make('tr', {}, make('td', {}, make('code', {}, path)), make('td', {}, value), make('td', {}, range || '–'),
    make('td', {}, make('span', {class: `tag ${known}`}, known === 'assumed' ? '△ ' : known === 'reported' ? '○ ' : known === 'measured' ? '◐ ' : '● ', known)), make('td', {}, source, note ? make('span', {class: 'quiet'}, note) : null))))));
}
