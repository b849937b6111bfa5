// The page of a run: its parts, what is chosen on it, and the keys.

const state = {arm: 0, window: 0, event: -1, speed: 1, timer: null, printing: false};

function sectionOf(id, title, ...parts) { return make('section', {'aria-labelledby': id}, make('h2', {id}, title), ...parts); }
function region(id, label, tall) { return make('div', {class: tall ? 'scroll tall' : 'scroll', tabindex: 0, role: 'region', 'aria-label': label, id}); }

function buildRun() {
  const span = page.span, button = (id, words, label, action) => make('button', {type: 'button', class: 'button', id, 'aria-label': label || null, onclick: action}, words);
  byId('main').append(
    make('p', {class: 'eyebrow', id: 'eyebrow'}), make('h1', {id: 'sentence'}), make('p', {class: 'lede', id: 'lede'}),
    draw('svg', {width: 0, height: 0, style: null, class: 'sr', 'aria-hidden': 'true'}, draw('defs', {}, draw('pattern', {id: 'hatch', width: 5, height: 5, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)'}, draw('rect', {width: 5, height: 5, fill: 'var(--surface)'}), draw('rect', {width: 2.4, height: 5, fill: 'var(--blk)'})))),
    make('figure', {class: 'figure'}, draw('svg', {id: 'overview', role: 'img', 'aria-label': `What the phone said, and what was true. ${page.sentence}`})),
    make('dl', {class: 'strip', id: 'strip'}), make('p', {class: 'beside', id: 'beside'}),
    sectionOf('lanes-title', `The ${span}, lane by lane`, make('p', {class: 'sub'}, 'Blue stays in its tube. Whatever sticks out in red left the phone beside the tunnel. Choose a red window to see what caused it.'),
      make('p', {class: 'beside', id: 'asked'}), make('ul', {class: 'legend', id: 'legend'}),
      make('div', {class: 'tools screen-only'}, make('div', {class: 'choice', role: 'radiogroup', 'aria-label': 'Policy', id: 'policies'}), make('span', {class: 'grow'}),
        make('div', {class: 'choice', role: 'radiogroup', 'aria-label': 'Speed of playing', id: 'speeds'}), make('div', {class: 'group'}, button('out', '−', 'Zoom out', () => timeline.zoom(2)), button('in', '+', 'Zoom in', () => timeline.zoom(.5)), button('to-window', 'To the window', null, toWindow), button('whole', `Whole ${span}`, null, () => timeline.look(0, page.duration)))),
      make('div', {class: 'timeline'}, make('div', {class: 'caption'}, make('button', {type: 'button', class: 'play screen-only', id: 'play', onclick: () => play(!state.timer)}), make('time', {id: 'when'}), make('span', {class: 'words', id: 'caption', 'aria-live': 'polite'}), make('span', {class: 'count', id: 'count'})),
        make('div', {class: 'plot', id: 'plot', tabindex: 0, role: 'group', 'aria-label': `Timeline of the ${span}. Up and down choose a lane, left and right read its changes. The table of windows below says the same in words.`}, make('canvas', {id: 'dense', 'aria-hidden': 'true'}), draw('svg', {id: 'over'}), make('div', {class: 'tip', id: 'tip'})), make('div', {class: 'sr', role: 'status', id: 'spoken'})),
      make('p', {class: 'hint keys screen-only'}, [['Space', 'play'], ['← →', 'pan'], ['+ −', 'zoom'], ['[ ]', 'previous, next window'], ['Z', 'zoom to it'], ['0', `whole ${span}`], [page.arms.length > 1 ? `1 – ${page.arms.length}` : '', 'policy'], ['. ,', 'single events'], ['Esc', 'clear']].filter(k => k[0]).map(([keys, what]) => [make('kbd', {}, keys), ` ${what}   `]), 'drag to pan, pinch or Ctrl-wheel to zoom'),
      make('div', {class: 'tabs screen-only', role: 'tablist', 'aria-label': 'Leak windows', id: 'tabs'}), make('p', {class: 'hint', id: 'more'}), make('div', {id: 'chain', 'aria-live': 'polite'}), make('div', {class: 'print-only', id: 'printed'})),
    page.arms.length > 1 ? sectionOf('policies-title', `The same ${span} under ${page.arms.length} policies`, make('p', {class: 'sub'}, 'Same places, same apps, same bytes asked for. Only the set-up differs, so each difference is its doing. Choose one to look at it.'), make('div', {class: 'cards', role: 'radiogroup', 'aria-label': 'Policies side by side', id: 'cards'})) : make('div', {class: 'cards', id: 'cards', hidden: true}),
    sectionOf('battery-title', 'What it cost the battery', make('p', {class: 'sub', id: 'spent'}), make('figure', {class: 'figure'}, make('canvas', {id: 'area', role: 'img', 'aria-label': 'Power over time by part. The tables below give the sums.'})), make('ul', {class: 'beside', id: 'areas'}),
      make('div', {class: 'two'}, make('div', {}, make('h3', {}, 'By component'), region('components', 'Battery by component')), make('div', {}, make('h3', {}, 'By blame: who made the phone spend it'), region('blame', 'Battery by blame')))),
    sectionOf('windows-title', 'Every window, in words', make('p', {class: 'sub'}, make('em', {}, 'Exposed'), ': the way outside was open for a live connection. ', make('em', {}, 'Leaked'), ': bytes that used it.'), region('windows', 'Leak windows'), make('p', {class: 'hint', id: 'every'})),
    sectionOf('trust-title', 'What this run takes on trust', make('p', {class: 'sub'}, 'Each number rests on parameters. This is how well each of those that played a part is known, and where it comes from.'), make('div', {class: 'tools screen-only'}, make('div', {class: 'choice', role: 'radiogroup', 'aria-label': 'How well known', id: 'confidences'})), region('parameters', 'Parameters with their sources', true)));
  byId('foot').append(make('span', {}, `LeakWindow ${page.version}`), make('span', {}, page.title.join(' · ')), make('span', {}, 'One file; nothing on this page asks the network for anything.'));
  document.querySelectorAll('#cards[hidden]').forEach(e => e.style.display = 'none');
  const wanted = new URLSearchParams(location.hash.slice(1));
  state.arm = Math.max(page.arms.findIndex(arm => arm.name === wanted.get('policy')), 0);
  state.window = Number(wanted.get('window') ?? firstWindow());
  speeds(); pointers(); keys();
  refresh();
  if (wanted.has('zoom')) toWindow();
}
/** What the page opens with: the longest window. */
function firstWindow() {
  const windows = armOf(state.arm).windows;
  return windows.length ? windows.reduce((a, b) => b.end - b.begin > a.end - a.begin ? b : a).number : 0;
}
function refresh() {
  headline(); legend(); paintOverview(); timeline.paint(); caption(); tabs(); chain(); cards(); battery(); windowTable(); parameters();
}
function choose(number) {
  state.window = number === state.window ? 0 : number;
  timeline.paint(); tabs(); chain(); windowTable();
}
function policy(number) {
  if (number === state.arm || !page.arms[number]) return;
  const before = armOf(state.arm).windows[state.window - 1];
  state.arm = number; play(false); state.event = -1;
  const same = before && armOf(number).windows.find(w => w.cause === before.cause && w.begin === before.begin);
  state.window = same ? same.number : before ? firstWindow() : 0;
  refresh();
}
function toWindow() { const w = armOf(state.arm).windows[state.window - 1]; if (w) timeline.lookAt(w); }
function nextWindow(by) {
  const n = armOf(state.arm).windows.length;
  if (!n) return;
  const to = state.window ? (state.window - 1 + by + n) % n + 1 : by > 0 ? 1 : n, w = armOf(state.arm).windows[to - 1];
  choose(to);
  if (w.end < timeline.view[0] || w.begin > timeline.view[1]) { const half = (timeline.view[1] - timeline.view[0]) / 2; timeline.look(w.begin - half, w.begin + half); }
}

// Playing: from event to event, a sentence each. -----------------------------------------------------------------------

const SPEEDS = [.5, 1, 3];
function speeds() {
  refill('speeds', SPEEDS.map(s => make('button', {type: 'button', role: 'radio', 'aria-checked': String(s === state.speed), tabindex: s === state.speed ? 0 : -1, onclick: () => { state.speed = s; speeds(); }}, s === .5 ? '½×' : `${s}×`)));
}
function play(on) {
  clearTimeout(state.timer); state.timer = null;
  const events = page.arms[state.arm].events;
  if (on) {
    if (state.event >= events.length - 1) state.event = -1;
    const go = () => { show(state.event + 1); state.timer = state.event < events.length - 1 ? setTimeout(go, 2600 / state.speed) : null; caption(); };
    go();
  } else caption();
}
function show(number) {
  const events = page.arms[state.arm].events;
  state.event = Math.min(Math.max(number, -1), events.length - 1);
  const event = events[state.event];
  if (event && (event[0] < timeline.view[0] || event[0] > timeline.view[1])) { const span = timeline.view[1] - timeline.view[0]; timeline.look(event[0] - span * .3, event[0] + span * .7); }
  timeline.paint(); caption();
}
function caption() {
  const events = page.arms[state.arm].events, event = events[state.event], playing = Boolean(state.timer);
  byId('when').textContent = event ? clock(event[0]) : '';
  byId('caption').textContent = event ? event[2] : `Play the ${page.span}: ${counted(events.length, 'event')}, one sentence each.`;
  byId('count').textContent = event ? `${state.event + 1} of ${events.length}` : '';
  byId('play').setAttribute('aria-label', playing ? 'Pause' : `Play the ${page.span}`);
  byId('play').replaceChildren(draw('svg', {width: 14, height: 14, viewBox: '0 0 14 14', 'aria-hidden': 'true'}, draw('path', {d: playing ? 'M2 1h4v12H2zM8 1h4v12H8z' : 'M3 1l10 6-10 6z', fill: 'currentColor'})));
}

// Hands ----------------------------------------------------------------------------------------------------------------

function pointers() {
  const plot = byId('plot'), fingers = new Map();
  let drag = null, pinch = null;
  const inside = e => { const box = plot.getBoundingClientRect(); return [e.clientX - box.left, e.clientY - box.top]; };
  plot.addEventListener('wheel', e => {
    if (e.ctrlKey || e.metaKey) { e.preventDefault(); timeline.zoom(Math.exp(e.deltaY * .004), timeline.at(inside(e)[0])); }
    else if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) { e.preventDefault(); timeline.pan(e.deltaX / plot.clientWidth); }
  }, {passive: false});
  plot.addEventListener('pointerdown', e => {
    if (e.target.closest('.head, .fold')) return;
    fingers.set(e.pointerId, e.clientX);
    drag = {x: e.clientX, view: timeline.view.slice()};
    if (fingers.size === 2) { const [a, b] = fingers.values(); pinch = {apart: Math.abs(a - b), about: timeline.at((a + b) / 2 - plot.getBoundingClientRect().left), view: timeline.view.slice()}; drag = null; }
  });
  plot.addEventListener('pointermove', e => {
    if (fingers.has(e.pointerId)) fingers.set(e.pointerId, e.clientX);
    if (pinch && fingers.size === 2) { const [a, b] = fingers.values(), f = pinch.apart / Math.max(Math.abs(a - b), 20), [v0, v1] = pinch.view; timeline.look(pinch.about - (pinch.about - v0) * f, pinch.about + (v1 - pinch.about) * f); return; }
    if (drag) {
      const by = drag.x - e.clientX;
      if (Math.abs(by) > 3) { plot.classList.add('dragged'); const d = by / (timeline.right - timeline.left) * (drag.view[1] - drag.view[0]); timeline.look(drag.view[0] + d, drag.view[1] + d); byId('tip').style.display = 'none'; }
      return;
    }
    timeline.tell(...inside(e));
  });
  const up = e => {
    fingers.delete(e.pointerId);
    if (fingers.size < 2) pinch = null;
    if (drag && e.type === 'pointerup' && Math.abs(drag.x - e.clientX) < 4 && plot.contains(e.target)) clicked(...inside(e));
    drag = null; plot.classList.remove('dragged');
  };
  addEventListener('pointerup', up); addEventListener('pointercancel', up);
  plot.addEventListener('pointerleave', () => { byId('tip').style.display = 'none'; byId('over').querySelector('.hair')?.remove(); });
  byId('overview').addEventListener('click', e => { const box = byId('overview').getBoundingClientRect(), left = box.width < 640 ? 0 : 150, at = (e.clientX - box.left - left) / (box.width - left - (left ? 22 : 0)) * page.duration, half = (timeline.view[1] - timeline.view[0]) / 2; timeline.look(at - half, at + half); });
}
/** A click on the lanes chooses the shortest window there, of this lane if it is an owner's. */
function clicked(x, y) {
  if (x < timeline.left || x > timeline.right) return;
  const at = timeline.at(x), near = (timeline.view[1] - timeline.view[0]) / (timeline.right - timeline.left) * 3, row = timeline.rows.find(r => y >= r.y - 2 && y < r.y + r.height + 2);
  const here = armOf(state.arm).windows.filter(w => at >= w.begin - near && at <= w.end + near && (!row?.owner || w.lanes.includes(row.key)) && (row?.owner || y < HEADS)).sort((a, b) => (a.end - a.begin) - (b.end - b.begin));
  if (here.length && !here.some(w => w.number === state.window)) choose(here[0].number);
  else if (here.length > 1) choose(here[(here.findIndex(w => w.number === state.window) + 1) % here.length].number);
}
function keys() {
  for (const id of ['policies', 'cards', 'tabs', 'speeds', 'confidences']) byId(id).addEventListener('keydown', e => {
    const by = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[e.key];
    if (!by) return;
    e.preventDefault(); e.stopPropagation();
    const buttons = [...byId(id).querySelectorAll('button')], to = (buttons.indexOf(e.target.closest('button')) + by + buttons.length) % buttons.length;
    buttons[to].click();
    byId(id).querySelectorAll('button')[to]?.focus();
  });
  byId('plot').addEventListener('keydown', e => {
    const action = {ArrowUp: () => timeline.move(-1), ArrowDown: () => timeline.move(1), ArrowLeft: () => timeline.cursor && timeline.step(-1), ArrowRight: () => timeline.cursor && timeline.step(1)}[e.key];
    if (!action || e.shiftKey || (!timeline.cursor && e.key.length > 9 && /Left|Right/.test(e.key))) return;
    e.preventDefault(); e.stopPropagation(); action();
  });
  byId('plot').addEventListener('blur', () => { timeline.cursor = null; byId('tip').style.display = 'none'; timeline.ask(); });
  const does = {
    ' ': () => play(!state.timer), ArrowLeft: () => timeline.pan(-.1), ArrowRight: () => timeline.pan(.1), '+': () => timeline.zoom(.6), '=': () => timeline.zoom(.6), '-': () => timeline.zoom(1 / .6),
    0: () => timeline.look(0, page.duration), z: toWindow, Z: toWindow, ']': () => nextWindow(1), '[': () => nextWindow(-1), '.': () => show(state.event + 1), ',': () => show(state.event - 1),
    Escape: () => { play(false); state.event = -1; state.window = 0; refresh(); },
  };
  addEventListener('keydown', e => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === ' ' && e.target.closest('button, [role=button]')) return;
    if (e.target.closest('.scroll') && e.key.startsWith('Arrow')) return;
    const action = does[e.key] || (e.key >= '1' && e.key <= '9' && page.arms[e.key - 1] ? () => policy(e.key - 1) : null);
    if (action) { e.preventDefault(); action(); }
  });
}
