/** Hears of each step of an upload or a verification as it is done, with its facts; it never changes what is done. */
export type StepListener = (step: string, facts: Readonly<Record<string, unknown>>) => void
