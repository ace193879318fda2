/** Shorter ones are none of a real server, and might be found in what is no token. */
const shortest = 16

/** The forms in which a server may repeat the session token that a request was sent with, the longest first; none where it had none. */
export function sentToken(request: unknown): string[] {
  const { headers = {} } = request as { headers?: Record<string, string> }
  const token = headers['x-amz-security-token'] ?? ''
  if (token.length < shortest) return []
  const encoded = encodeURIComponent(token)
  const lowerCase = encoded.replaceAll(/%../g, (code) => code.toLowerCase())
  return [...new Set([encoded, lowerCase, token])]
}

/** A text in which no token is. */
export function withoutToken(text: string, forms: readonly string[]): string {
  return forms.reduce((shown, form) => shown.replaceAll(form, '[secret]'), text)
}
