// A plot of what a size costs, as SVG: both axes logarithmic, one line a series.
const [width, height, left, top, right, bottom] = [720, 420, 64, 40, 190, 48];
const colours = ['#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#ff7f0e', '#17becf', '#8c564b', '#7f7f7f'];

const log = Math.log10;
const ticks = (from, to) =>
  Array.from({ length: Math.ceil(to) - Math.floor(from) + 1 }, (_, n) => Math.floor(from) + n);
const named = (power) => (power < 3 ? 10 ** power : `1e${power}`);

/** Series: `{ name, points: [[size, ms], ...] }`; sizes count from the smallest of their series. */
export function plot(title, series) {
  const scaled = series.map(({ name, points }) => ({
    name,
    points: points.map(([size, ms]) => [log(size / points[0][0]), log(ms)]),
  }));
  const all = scaled.flatMap(({ points }) => points);
  const most = Math.max(1, ...all.map(([x]) => x));
  const [low, high] = [Math.floor(Math.min(...all.map(([, y]) => y))), Math.ceil(Math.max(...all.map(([, y]) => y)))];
  const x = (value) => left + (value / most) * (width - left - right);
  const y = (value) => height - bottom - ((value - low) / Math.max(1, high - low)) * (height - top - bottom);
  const text = (at, up, words, anchor = 'middle') =>
    `<text x="${at.toFixed(1)}" y="${up.toFixed(1)}" text-anchor="${anchor}">${words}</text>`;
  const lines = [
    ...ticks(low, high).map(
      (power) =>
        `<path d="M${left} ${y(power).toFixed(1)}H${width - right}" stroke="#ddd"/>${text(left - 6, y(power) + 4, `${named(power)} ms`, 'end')}`,
    ),
    ...ticks(0, most)
      .filter((power) => power <= most)
      .map((power) => text(x(power), height - bottom + 18, `${named(power)} x`)),
    ...scaled.flatMap(({ name, points }, index) => {
      const colour = colours[index % colours.length];
      const path = points
        .map(([px, py], at) => `${at === 0 ? 'M' : 'L'}${x(px).toFixed(1)} ${y(py).toFixed(1)}`)
        .join('');
      return [
        `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...points.map(
          ([px, py]) => `<circle cx="${x(px).toFixed(1)}" cy="${y(py).toFixed(1)}" r="3" fill="${colour}"/>`,
        ),
        `<path d="M${width - right + 12} ${top + 10 + index * 20}h18" stroke="${colour}" stroke-width="2"/>${text(width - right + 36, top + 14 + index * 20, name, 'start')}`,
      ];
    }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12"><title>${title}</title><rect width="${width}" height="${height}" fill="#fff"/>${text((width - right + left) / 2, 22, title)}${lines.join('\n')}${text((width - right + left) / 2, height - 10, 'size, times the smallest of its line')}</svg>\n`;
}
