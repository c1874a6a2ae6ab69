// Colours, where they are wanted: on a terminal, unless NO_COLOR is set.
export const isLive = process.stdout.isTTY;

const paint = (code) => (text) =>
  isLive && !process.env['NO_COLOR'] ? `\u001b[${code}m${text}\u001b[0m` : text;

export const [bold, dim, red, green, yellow, cyan] = ['1', '2', '31', '32', '33', '36'].map(paint);
