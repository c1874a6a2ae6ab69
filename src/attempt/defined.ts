/** An object without the keys whose value is undefined: events and reports show only what there is. */
export const defined = <Fields extends object>(fields: Fields): Defined<Fields> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<Fields>;

type Defined<Fields> = { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> };
