/** The lower floor: the operation alone, without any retrying. */
export const label = 'bare call';

export const prepare = () => (operation) => operation();
