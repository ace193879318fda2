/** Characters of a server's own text that are told. */
const most = 400

/** What a server says of a failure: its code, and its own text. */
export function saidBy({ name, message }: Error, code = name): string {
  return [clean(code), clean(message)].filter((part) => part !== '').join(': ')
}

/** Adds to a reason what the server says, where it says more than that it refuses. */
export function addSaid({ reason = '', saysMore = false }: { reason?: string; saysMore?: boolean }, message: string): string {
  const said = clean(message)
  if (!saysMore || /^(access ?denied|forbidden|unknown ?(error)?|\d+)?\.?$/i.test(said)) return reason
  return `${reason}: ${said}`
}

/** The first line, without what moves a cursor, and without what is as long as a token that the server might repeat. */
export function clean(text: string): string {
  const line = text.split(/[\r\n]/, 1)[0]!.replaceAll(/\p{Cc}/gu, '')
  const told = line.replaceAll(/[\w+/=%-]{100,}/g, '…')
  return told.length > most ? `${told.slice(0, most)}…` : told
}
