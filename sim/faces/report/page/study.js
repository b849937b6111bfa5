// The page of a study: many days, several arms. Left is better, in every picture.

const unitWords = {s: n => (n < 0 ? '−' : '') + spell(Math.abs(n) * SECOND), bytes: n => (n < 0 ? '−' : '') + bytes(Math.abs(n)), '%': n => `${n < 0 ? '−' : ''}${Number(Math.abs(n).toPrecision(2))} %`};
const measured = (n, metric) => unitWords[metric[2]](n);
const signed = (n, metric) => (n > 0 ? '+' : '') + measured(n, metric);
const studyText = (words, x, y, ink, more) => draw('text', {x, y, fill: `var(--${ink})`, 'font-size': 12.5, ...more}, words);
/** A round number of at most `x`, and of at least a third of it. */
function round(x) { const p = 10 ** Math.floor(Math.log10(x)); return [5, 2, 1].find(k => k * p <= x) * p; }
/** Round labels from 0 to `most` of a number; durations at round minutes or hours. */
function scaleOf(most, metric, labels) {
  const units = metric[2] === 's' ? (most > 7200 ? 3600 : most > 120 ? 60 : 1) : 1, step = round(Math.max(most, 1e-9) / units / labels * 2) * units, found = [];
  for (let v = 0; v <= most * 1.001; v += step) found.push(v);
  return found;
}

function buildStudy() {
  byId('main').append(make('p', {class: 'eyebrow'}, make('b', {}, page.name), page.about.map(words => make('span', {}, words))), make('h1', {}, page.sentence),
    sectionOf('days-title', `${page.arms[0].typical.length} typical days under each arm`, make('p', {class: 'sub'}, 'Each dot is one day in twenty, placed by how long something was outside. Days without a leak stand apart, in blue.'), make('figure', {class: 'figure'}, draw('svg', {id: 'days', role: 'img', 'aria-label': 'Exposed time of typical days by arm. The table below gives the means.'}))),
    page.arms.length > 1 ? sectionOf('differences-title', `Difference to ${page.arms[0].name}, day by day`, make('p', {class: 'sub'}, 'All arms live through the same days, so the noise of the days cancels. Filled: decided, the interval excludes zero. Hollow: not decided. Ticks: single days. Left of the line is better, in every column.'), make('figure', {class: 'figure'}, draw('svg', {id: 'differences', role: 'img', 'aria-label': 'Paired differences with intervals. The table below gives them as numbers.'}))) : '',
    make('div', {class: 'two'}, page.arms.length > 1 ? sectionOf('front-title', 'What is traded for what', make('p', {class: 'sub'}, 'Lower left is better. The line joins the arms that no other beats on exposure, blocking and battery at once; the larger the disc, the more battery.'), make('figure', {class: 'figure'}, draw('svg', {id: 'front', role: 'img', 'aria-label': 'Exposed against blocked time of each arm, with the Pareto front.'}))) : '',
      page.factors.length ? sectionOf('factors-title', 'Which unknown matters', make('p', {class: 'sub'}, `Exposed time of ${page.arms[0].name} where one parameter is at its low end (light) and at its high end (dark), over all else.`), make('figure', {class: 'figure'}, draw('svg', {id: 'factors', role: 'img', 'aria-label': 'Tornado: exposed time at the low and the high end of each parameter.'}))) : ''),
    sectionOf('numbers-title', 'The same in numbers', make('p', {class: 'sub'}, 'Mean of a day, [interval]; below it the difference to the first arm. Bold: on the front.'), region('numbers', 'Means and intervals of all arms')));
  byId('foot').append(make('span', {}, `LeakWindow ${page.version}`), make('span', {}, page.failed ? `${counted(page.failed, 'row')} of days with a failed run left out` : 'no run failed'), make('span', {}, 'One file; nothing on this page asks the network for anything.'));
  refreshStudy();
}
function refreshStudy() {
  paintDays();
  if (page.arms.length > 1) { paintDifferences(); paintFront(); }
  if (page.factors.length) paintFactors();
  refill('numbers', make('table', {}, head('Arm', ...page.metrics.map(m => `${m[1]}>`), 'days without a leak>'), make('tbody', {}, page.arms.map((arm, a) => make('tr', {}, make('td', {}, arm.front ? make('b', {}, arm.name) : arm.name),
    arm.numbers.map((n, k) => make('td', {class: 'right'}, `${measured(n.mean[0], page.metrics[k])} [${n.mean.slice(1).map(v => measured(v, page.metrics[k])).join(', ')}]`, a ? make('span', {class: 'quiet'}, `${signed(n.difference[0], page.metrics[k])} [${n.difference.slice(1).map(v => signed(v, page.metrics[k])).join(', ')}]`) : '')),
    make('td', {class: 'right'}, `${Math.round(arm.free * 100)} %`))))));
}
function sized(id, height) {
  const svg = byId(id), width = svg.clientWidth || 600;
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`); svg.setAttribute('height', height);
  return [svg, width];
}
function paintDays() {
  const svg = byId('days'), width = svg.clientWidth, narrow = width < 640, metric = page.metrics[0], left = narrow ? 0 : 190, free = 84, right = width - (narrow ? 0 : 150), zero = left + free, most = Math.max(...page.arms.flatMap(a => a.typical), 1);
  const x = s => zero + 14 + s / most * (right - zero - 22), row = narrow ? 62 : 46, parts = [], scale = scaleOf(most, metric, narrow ? 4 : 8), bottom = page.arms.length * row + 6;
  for (const s of scale) parts.push(draw('path', {d: `M${x(s)} 0V${bottom}`, stroke: 'var(--line)'}), studyText(measured(s, metric), x(s), bottom + 17, 'ink3', {'text-anchor': s ? 'middle' : 'start', 'font-size': 11.5}));
  parts.push(studyText('no leak', left + 2, bottom + 17, 'tun-ink', {'font-size': 11.5}));
  page.arms.forEach((arm, i) => {
    const y = (i + 1) * row - 8, stacks = {};
    const lane = s => Math.round(x(s) / 8), full = {};
    for (const s of arm.typical) if (s) full[lane(s)] = (full[lane(s)] || 0) + 1;
    let none = 0;
    parts.push(draw('path', {d: `M${left} ${y + 5}H${left + 72}M${zero} ${y + 5}H${right}`, stroke: 'var(--line2)'}), studyText(fitted(arm.name, 13, 600, narrow ? width : left - 14), 0, narrow ? y - 34 : y + 4, 'ink', {'font-weight': 600, 'font-size': 13}));
    for (const s of arm.typical) {
      if (s === 0) { parts.push(draw('rect', {x: left + none % 8 * 9, y: y - 4 - Math.floor(none / 8) * 9, width: 7, height: 7, rx: 1.5, fill: 'var(--tun)'})); none++; continue; }
      const at = lane(s), apart = Math.min(7.5, (row - 16) / Math.max(full[at] - 1, 1)), k = stacks[at] = (stacks[at] || 0) + 1;
      parts.push(draw('circle', {cx: x(s), cy: y - (k - 1) * apart, r: 4, fill: 'var(--leak)', stroke: 'var(--bg)'}));
    }
    const mean = arm.numbers[0].mean[0];
    parts.push(studyText(mean ? `${measured(mean, metric)} a day` : 'never', narrow ? right : width, narrow ? y - 34 : y + 4, mean ? 'leak-ink' : 'tun-ink', {'text-anchor': 'end', 'font-weight': 600}));
  });
  svg.setAttribute('viewBox', `0 0 ${width} ${bottom + 24}`); svg.setAttribute('height', bottom + 24);
  svg.replaceChildren(...parts);
}
function paintDifferences() {
  const svg = byId('differences'), width = svg.clientWidth, narrow = width < 720, arms = page.arms.slice(1), left = narrow ? 0 : 190, parts = [], row = 44, columns = narrow ? 1 : page.metrics.length, block = arms.length * row + 58;
  page.metrics.forEach((metric, k) => {
    const wide = (width - left) / columns - (narrow ? 0 : 26), x0 = left + (narrow ? 0 : k * (wide + 26)), y0 = narrow ? k * block : 0;
    const all = arms.flatMap(a => [...a.numbers[k].difference, ...a.numbers[k].days]), lowest = Math.min(0, ...all), highest = Math.max(0, ...all), span = highest - lowest || 1, x = v => x0 + 8 + (v - lowest) / span * (wide - 16);
    parts.push(studyText(metric[1], x0, y0 + 12, 'ink', {'font-weight': 600}), draw('path', {d: `M${x(0)} ${y0 + 20}V${y0 + 26 + arms.length * row}`, stroke: 'var(--ink2)'}));
    arms.forEach((arm, i) => {
      const n = arm.numbers[k], [mean, low, high] = n.difference, decided = low > 0 || high < 0, y = y0 + 36 + i * row;
      if (!k || narrow) parts.push(studyText(fitted(arm.name, 12.5, 600, narrow ? width / 2 : left - 14), 0, narrow ? y - 9 : y + 4, 'ink', {'font-weight': 600}));
      parts.push(draw('path', {d: n.days.map(v => `M${x(v).toFixed(1)} ${y - 5}v10`).join(''), stroke: 'var(--line2)'}), draw('path', {d: `M${x(low)} ${y}H${x(high)}`, stroke: 'var(--ink)', 'stroke-width': 1.6}),
        draw('circle', {cx: x(mean), cy: y, r: 4.5, fill: decided ? 'var(--ink)' : 'var(--bg)', stroke: 'var(--ink)', 'stroke-width': 1.5}),
        studyText(signed(mean, metric), Math.min(Math.max(x(mean), x0 + 26), x0 + wide - 26), y + 19, decided ? 'ink' : 'ink3', {'text-anchor': 'middle', 'font-size': 11.5, 'font-weight': decided ? 600 : 400}));
    });
    parts.push(studyText('← better', x(0) - 6, y0 + 44 + arms.length * row, 'ink3', {'font-size': 11, 'text-anchor': x(0) - x0 < 60 ? 'start' : 'end', ...(x(0) - x0 < 60 ? {x: x0} : {})}));
  });
  const height = narrow ? block * page.metrics.length : block;
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`); svg.setAttribute('height', height);
  svg.replaceChildren(...parts);
}
function paintFront() {
  const [svg, width] = sized('front', 320), [e, b, v] = [0, 2, 4], left = 70, right = width - 20, foot = 268, parts = [], arms = page.arms.map(a => ({...a, e: a.numbers[e].mean[0], b: a.numbers[b].mean[0], v: a.numbers[v].mean[0]}));
  const me = Math.max(...arms.map(a => a.e), 1) * 1.08, mb = Math.max(...arms.map(a => a.b), 1) * 1.12, mv = Math.max(...arms.map(a => a.v), 1e-9), x = s => left + s / me * (right - left), y = s => foot - s / mb * (foot - 24);
  for (const s of scaleOf(me, page.metrics[e], 5)) parts.push(draw('path', {d: `M${x(s)} 20V${foot}`, stroke: 'var(--line)'}), studyText(measured(s, page.metrics[e]), x(s), foot + 18, 'ink3', {'text-anchor': 'middle', 'font-size': 11.5}));
  for (const s of scaleOf(mb, page.metrics[b], 5)) parts.push(draw('path', {d: `M${left} ${y(s)}H${right}`, stroke: 'var(--line)'}), studyText(measured(s, page.metrics[b]), left - 8, y(s) + 4, 'ink3', {'text-anchor': 'end', 'font-size': 11.5}));
  parts.push(studyText('exposed a day →', right, foot + 38, 'ink2', {'text-anchor': 'end', 'font-size': 11.5}), studyText('↑ blocked a day', left, 12, 'ink2', {'font-size': 11.5}));
  const front = arms.filter(a => a.front).sort((p, q) => p.e - q.e || p.b - q.b);
  parts.push(draw('path', {d: front.map((a, i) => `${i ? 'L' : 'M'}${x(a.e)} ${y(a.b)}`).join(''), fill: 'none', stroke: 'var(--ink)', 'stroke-width': 1.5}));
  const taken = [];
  for (const a of [...arms].sort((p, q) => y(p.b) - y(q.b))) {
    const cx = x(a.e), cy = y(a.b), end = cx > (left + right) / 2;
    const words = `${a.name}  ${measured(a.v, page.metrics[v])}`, wide = words.length * 7.2, from = end ? cx - 10 - wide : cx + 10;
    let at = cy - 10;
    while (taken.some(([x0, x1, ty]) => x0 < from + wide && from < x1 && Math.abs(ty - at) < 14)) at -= 14;
    taken.push([from, from + wide, at]);
    parts.push(draw('circle', {cx, cy, r: 4 + 8 * Math.sqrt(Math.max(a.v, 0) / mv), fill: a.front ? 'var(--vpn)' : 'none', stroke: a.front ? 'var(--bg)' : 'var(--ink3)', 'stroke-width': 1.5, 'fill-opacity': .85}),
      studyText(words, cx + (end ? -10 : 10), Math.max(at, 24), a.front ? 'ink' : 'ink2', {'text-anchor': end ? 'end' : 'start', 'font-weight': a.front ? 600 : 400, 'font-size': 12, stroke: 'var(--bg)', 'stroke-width': 3, 'paint-order': 'stroke'}));
  }
  svg.replaceChildren(...parts);
}
function paintFactors() {
  const row = 40, [svg, width] = sized('factors', page.factors.length * row + 30), metric = page.metrics[0], values = page.factors.flatMap(f => [f[3], f[4]]), low = Math.min(...values), high = Math.max(...values), span = high - low || 1, x = v => 30 + (v - low) / span * (width - 60), base = page.arms[0].numbers[0].mean[0], parts = [];
  page.factors.forEach(([name, from, to, at, then], i) => {
    const y = i * row + 22, end = (v, ink) => draw('rect', {x: Math.min(x(base), x(v)), y, width: Math.abs(x(v) - x(base)) + .8, height: 11, fill: `var(--${ink})`});
    parts.push(studyText(fitted(name, 12.5, 600, width - 20), 0, y - 6, 'ink', {'font-weight': 600}), end(at, 'e3'), end(then, 'e4'));
    for (const [v, other, n] of [[at, then, from], [then, at, to]]) parts.push(studyText(String(Number(n.toPrecision(3))), x(v) + (v < other ? -4 : 4), y + 10, 'ink2', {'text-anchor': v < other ? 'end' : 'start', 'font-size': 11}));
  });
  parts.push(draw('path', {d: `M${x(base)} 16V${page.factors.length * row + 8}`, stroke: 'var(--ink)', 'stroke-width': 1.3}), studyText(measured(base, metric), x(base), page.factors.length * row + 24, 'ink', {'text-anchor': 'middle', 'font-weight': 600}));
  svg.replaceChildren(...parts);
}
