// The theme, the size of the window, and which page this is.

function themed(theme) {
  document.documentElement.dataset.theme = theme;
  byId('theme').textContent = theme === 'dark' ? 'Light' : 'Dark';
  byId('theme').setAttribute('aria-label', theme === 'dark' ? 'Switch to light colours' : 'Switch to dark colours');
  readColours();
}
const again = () => page.kind === 'run' ? refresh() : refreshStudy();
{
  const dark = matchMedia('(prefers-color-scheme: dark)');
  let chosen = new URLSearchParams(location.hash.slice(1)).get('theme');
  themed(chosen || (dark.matches ? 'dark' : 'light'));
  if (page.kind === 'run') buildRun(); else buildStudy();
  byId('theme').addEventListener('click', () => { chosen = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'; themed(chosen); again(); });
  dark.addEventListener('change', () => { if (!chosen) { themed(dark.matches ? 'dark' : 'light'); again(); } });
  let width = byId('main').clientWidth;
  new ResizeObserver(() => { if (byId('main').clientWidth !== width) { width = byId('main').clientWidth; again(); } }).observe(byId('main'));
  let before = '';
  addEventListener('beforeprint', () => { if (page.kind !== 'run') return; before = document.documentElement.dataset.theme; themed('light'); state.printing = true; timeline.view = [0, page.duration]; again(); });
  addEventListener('afterprint', () => { if (page.kind !== 'run') return; state.printing = false; themed(before); again(); });
}
