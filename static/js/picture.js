// @ts-check
// PNG export of a chart: the plot with its title, channel and time.

/** @typedef {{ title: string, subtitle: string, foot: string }} Texts */

const [PAD, HEAD, FOOT] = [16, 58, 30];

/**
 * Save a chart as PNG, with texts around it.
 * @param {HTMLCanvasElement} plot
 * @param {Texts & { name: string }} texts
 */
export async function savePicture(plot, { title, subtitle, foot, name }) {
  /** @type {Blob | null} */
  const blob = await new Promise((done) =>
    drawn(plot, { title, subtitle, foot }).toBlob(done, "image/png"),
  );
  if (blob) saveBlob(blob, `${name}.png`);
}

/**
 * Download a file.
 * @param {Blob} blob
 * @param {string} name
 */
export function saveBlob(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * @param {HTMLCanvasElement} plot
 * @param {Texts} texts
 */
function drawn(plot, { title, subtitle, foot }) {
  const scale = devicePixelRatio;
  const style = getComputedStyle(document.documentElement);
  /** @param {string} key */
  const token = (key) => style.getPropertyValue(key).trim();
  const canvas = document.createElement("canvas");
  canvas.width = plot.width + 2 * PAD * scale;
  canvas.height = plot.height + (HEAD + FOOT + PAD) * scale;
  const ctx = canvas.getContext("2d");
  if (!ctx) return canvas;
  ctx.fillStyle = token("--surface");
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  /**
   * @param {string} text
   * @param {number} y
   * @param {number} size
   * @param {number} weight
   * @param {string} color
   */
  const write = (text, y, size, weight, color) => {
    ctx.font = `${weight} ${size * scale}px ${token("--font-sans")}`;
    ctx.fillStyle = token(color);
    ctx.fillText(text, PAD * scale, y * scale, canvas.width - 2 * PAD * scale);
  };
  write(title, 30, 18, 620, "--ink");
  write(subtitle, 50, 12, 430, "--ink-2");
  ctx.drawImage(plot, PAD * scale, HEAD * scale);
  write(foot, HEAD + plot.height / scale + 20, 11, 430, "--ink-3");
  return canvas;
}
