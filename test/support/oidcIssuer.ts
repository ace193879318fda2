import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a token claims, besides who issued it. */
interface Claims {
  audience: string
  subject: string
  /** Seconds from now; negative for one that has expired. */
  expiresIn: number
}

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** An OpenID Connect issuer on loopback, as GitHub's or a Kubernetes cluster's is one: discovery, keys, signed tokens. */
export class OidcIssuer implements AsyncDisposable {
  readonly url: string
  readonly #server: Server
  readonly #key: KeyObject

  private constructor(server: Server, key: KeyObject) {
    this.#server = server
    this.#key = key
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async start(): Promise<OidcIssuer> {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const keys = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }] }
    const server = createServer((request, response) => {
      const answers: Record<string, object> = {
        '/.well-known/openid-configuration': {
          issuer: issuer.url,
          jwks_uri: `${issuer.url}/keys`,
          authorization_endpoint: `${issuer.url}/none`,
          token_endpoint: `${issuer.url}/none`,
          response_types_supported: ['id_token'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        },
        '/keys': keys,
      }
      const answer = answers[request.url ?? '']
      response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const issuer = new OidcIssuer(server, privateKey)
    return issuer
  }

  token({ audience, subject, expiresIn }: Claims): string {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: this.url, aud: audience, sub: subject, iat: now - 600, exp: now + expiresIn }
    const signed = `${base64({ alg: 'RS256', kid: 'one', typ: 'JWT' })}.${base64(claims)}`
    return `${signed}.${sign('sha256', Buffer.from(signed), this.#key).toString('base64url')}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** The role that MinIO gives to whoever comes with a token for a client id. */
export function minioRole(clientId: string): string {
  return `arn:minio:iam:::role/${createHash('sha1').update(clientId).digest('base64url')}`
}
