// @ts-check
// The lane of events above a chart: a shape per kind, groups where several would overlap, a line down to the time.

const BOX_PX = 18;
const ROOM_PX = 22;
const REACH_PX = 12;
const ABOVE_PLOT_PX = 8;

/** Marks by place: those nearer than a box is wide are one group. `xOf(ms)` gives px. */
export function grouped(marks, xOf) {
  const groups = [];
  for (const mark of marks) {
    const x = xOf(mark.at_ms);
    const last = groups.at(-1);
    if (last && x - last.x < ROOM_PX) last.marks.push(mark);
    else groups.push({ x, marks: [mark] });
  }
  return groups;
}

/** The group at `x`, null when none is near. */
export function groupAt(groups, x) {
  const near = groups.filter((group) => Math.abs(group.x - x) <= REACH_PX);
  return near.sort((one, other) => Math.abs(one.x - x) - Math.abs(other.x - x))[0] ?? null;
}

/** Draw the groups above the plot, each mark's line through it; the group that is read out is filled. */
export function drawEvents(plot, groups, { shapes, read }, tokens) {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  ctx.save();
  for (const group of groups) {
    for (const mark of group.marks) drawLine(plot, mark, tokens);
    ctx.save();
    ctx.translate(bbox.left + group.x * scale, bbox.top - (ABOVE_PLOT_PX + BOX_PX) * scale);
    ctx.scale(scale, scale);
    drawBox(ctx, group, { shapes, isRead: group.marks[0].id === read }, tokens);
    ctx.restore();
  }
  ctx.restore();
}

function drawLine({ ctx, bbox, valToPos }, mark, tokens) {
  const x = valToPos(mark.at_ms, "x", true);
  ctx.setLineDash([devicePixelRatio, 3 * devicePixelRatio]);
  ctx.strokeStyle = tokens.lineControl;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top - ABOVE_PLOT_PX * devicePixelRatio);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
}

function drawBox(ctx, { marks }, { shapes, isRead }, tokens) {
  // One's own notes are filled.
  const isFilled = isRead || marks.every(({ kind }) => kind === "note");
  ctx.setLineDash([]);
  ctx.lineWidth = 1;
  ctx.fillStyle = isFilled ? tokens.inverse : tokens.surface;
  ctx.strokeStyle = isRead ? tokens.focus : isFilled ? tokens.inverse : tokens.lineControl;
  ctx.beginPath();
  ctx.roundRect(-BOX_PX / 2, 0, BOX_PX, BOX_PX, 4);
  ctx.fill();
  ctx.stroke();
  const ink = isFilled ? tokens.onInverse : tokens.ink;
  if (marks.length > 1) drawCount(ctx, marks.length, ink, tokens);
  else drawShape(ctx, shapes[marks[0].kind] ?? shapes.summed, ink);
}

function drawShape(ctx, path, ink) {
  ctx.translate(-6, 3);
  ctx.strokeStyle = ink;
  ctx.lineWidth = 1.5;
  ctx.lineCap = ctx.lineJoin = "round";
  ctx.stroke(new Path2D(path));
}

function drawCount(ctx, count, ink, tokens) {
  ctx.fillStyle = ink;
  ctx.font = `600 11px ${tokens.font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(count > 99 ? "99+" : String(count), 0, BOX_PX / 2 + 0.5);
}
