/** One thing that must be reached: `value` is compared with `limit`, and both are shown. */
export const atMost = (what, value, limit) => ({ what, value, limit, ok: value <= limit });

/** "At most so many times the loop": the claim on the row named `contender`, and on being ahead of all rivals. */
export function againstLoop(rows, limit, { contender = 'ostinato', rivals = [] } = {}) {
  const value = (name) => rows.find((row) => row.contender === name).value;
  const ours = value(contender);
  const reached = [atMost(`${contender} / loop`, ours / value('loop'), limit)];
  if (rivals.length > 0) {
    reached.push(atMost(`${contender} / best rival`, ours / Math.min(...rivals.map(value)), 1));
  }
  return reached;
}
