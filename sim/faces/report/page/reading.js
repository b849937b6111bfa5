'use strict';
// The document, its packed columns, and words for numbers. Everything from a file is shown as text, never as markup.

const page = JSON.parse(document.getElementById('document').textContent);
const byId = id => document.getElementById(id);

/** An element with attributes and children; texts become text nodes. */
function make(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}
/** The same in SVG. */
function draw(tag, attributes, ...children) {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(2).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}
/** Give an element new children. */
function refill(id, ...children) {
  const element = byId(id);
  element.replaceChildren(...children.flat(2).filter(Boolean));
  return element;
}

// Packed columns: LEB128 in base64. Instants exceed 32 bits, so no shifts.
function unpack(text) {
  const raw = atob(text), found = [];
  let value = 0, weight = 1;
  for (let i = 0; i < raw.length; i++) {
    const byte = raw.charCodeAt(i);
    value += (byte & 127) * weight;
    if (byte & 128) { weight *= 128; continue; }
    found.push(value);
    value = 0; weight = 1;
  }
  return Float64Array.from(found);
}
function unpackSteps(text) {
  const found = unpack(text);
  for (let i = 1; i < found.length; i++) found[i] += found[i - 1];
  return found;
}
function unpackRuns(text, count) {
  const pairs = unpack(text), found = new Uint8Array(count);
  let at = 0;
  for (let i = 0; i < pairs.length; i += 2) { found.fill(pairs[i], at, at + pairs[i + 1]); at += pairs[i + 1]; }
  return found;
}
/** Bands of a lane of states: [{begin, end, kind, label}]. */
function unpackBands([kinds, which, steps, lengths]) {
  const number = unpack(which), at = unpackSteps(steps), length = unpack(lengths);
  return Array.from(at, (begin, i) => ({begin, end: begin + length[i], kind: kinds[number[i]][0], label: kinds[number[i]][1]}));
}

// Words
const SECOND = 1e6, MINUTE = 6e7, HOUR = 3.6e9, DAY = 8.64e10;
const two = n => String(n).padStart(2, '0');
/** The time of day of an instant; to the millisecond if `fine`. */
function clock(at, fine) {
  const whole = Math.floor((at + page.start) / SECOND), day = Math.floor(whole / 86400);
  const words = `${two(Math.floor(whole / 3600) % 24)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  const rest = fine ? `.${String(Math.floor(at % SECOND / 1000)).padStart(3, '0')}` : '';
  return (page.duration > DAY ? `day ${day + 1}, ` : '') + words + rest;
}
/** A duration as people say it, rounded to what is shown. */
function spell(us) {
  if (us >= HOUR - SECOND / 2) {
    const minutes = Math.round(us / MINUTE);
    return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${two(minutes % 60)} min` : ''}`;
  }
  if (us >= MINUTE - SECOND / 2) {
    const seconds = Math.round(us / SECOND);
    return `${Math.floor(seconds / 60)} min${seconds % 60 ? ` ${two(seconds % 60)} s` : ''}`;
  }
  if (us > 0 && us < 1000) return '< 1 ms';
  return `${Number((us / SECOND).toPrecision(us >= SECOND ? 3 : 2))} s`;
}
function bytes(count) {
  for (const [unit, factor] of [['GB', 1e9], ['MB', 1e6], ['kB', 1e3]]) {
    if (count >= factor) return `${count / factor < 999.5 ? Number((count / factor).toPrecision(3)) : Math.round(count / factor)} ${unit}`;
  }
  return `${Math.round(count)} B`;
}
const counted = (n, noun) => `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
const joules = j => j >= 100 ? Math.round(j).toLocaleString('en') : j >= 10 ? j.toFixed(1) : j.toFixed(2);
/** A value whose units are set smaller. */
function small(value) {
  return value.split(/([\d.,<]+)/).filter(Boolean).map(part => /\d/.test(part) ? part : make('small', {}, part));
}
/** The first index of an ascending array whose value is not below `x`. */
function search(array, x) {
  let low = 0, high = array.length;
  while (low < high) { const middle = (low + high) >> 1; if (array[middle] < x) low = middle + 1; else high = middle; }
  return low;
}
