// The process of one contender in one round: measures one thing, tells the parent (or you, if started by hand) and ends.
// Arguments: the question, the contender.
const [question, contender] = process.argv.slice(2);
const { default: asked } = await import(`../${question}.mjs`);
const figures = await asked.measure(contender);
if (process.send) {
  // The calls of some questions never end: the process is ended for them as soon as the answer is on its way.
  process.send(figures, () => process.exit(0));
} else {
  console.log(figures);
  process.exit(0);
}
