import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The environment variables of temporary keys, as `assumeRole` gives them. */
type Keys = Record<string, string>

const roleName = 'holdfast-backups'
const instanceRoles = '/latest/meta-data/iam/security-credentials/'

/** What hands out the keys of a role, on loopback: a machine's metadata service (IMDSv2 only), the agent beside a container, the portal of single sign-on. */
export class RoleServer implements AsyncDisposable {
  /** Keys to hand out, in turn; the last of them again and again. */
  keys: Keys[] = []
  /** Milliseconds from now until keys are said to expire. */
  life = 3_600_000
  /** How often keys were handed out. */
  handedOut = 0
  /** What it gives to whoever asks for a session, as IMDSv2 wants it. */
  readonly session = 'not-a-secret-session-of-the-metadata-service'
  /** What it wants of a container. */
  readonly authorization = 'not-a-secret-authorization-of-a-container'
  /** What it wants of whoever has signed on. */
  signedOn = 'not-a-secret-token-of-the-portal'
  readonly url: string
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', (request: IncomingMessage, response) => {
      const [status, text] = this.#answer(request)
      response.writeHead(status, { 'content-type': 'text/plain' }).end(text)
    })
  }

  static async start(): Promise<RoleServer> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new RoleServer(server)
  }

  #answer({ method, url, headers }: IncomingMessage): [status: number, text: string] {
    if (url === '/container') return headers.authorization === this.authorization ? [200, this.#next()] : [401, '']
    if (url?.startsWith('/federation/credentials?'))
      return headers['x-amz-sso_bearer_token'] === this.signedOn ? [200, this.#nextOfPortal()] : [401, '']
    if (method === 'PUT' && url === '/latest/api/token')
      return headers['x-aws-ec2-metadata-token-ttl-seconds'] === undefined ? [400, ''] : [200, this.session]
    if (headers['x-aws-ec2-metadata-token'] !== this.session) return [401, '']
    if (url === instanceRoles) return [200, roleName]
    return url === `${instanceRoles}${roleName}` ? [200, this.#next()] : [404, '']
  }

  #next(): string {
    const { id, secret, session, ends } = this.#handOut()
    const Expiration = new Date(ends).toISOString()
    return JSON.stringify({ Code: 'Success', AccessKeyId: id, SecretAccessKey: secret, Token: session, Expiration })
  }

  #nextOfPortal(): string {
    const { id, secret, session, ends } = this.#handOut()
    return JSON.stringify({
      roleCredentials: { accessKeyId: id, secretAccessKey: secret, sessionToken: session, expiration: ends },
    })
  }

  #handOut(): { id: string; secret: string; session: string; ends: number } {
    const keys = this.keys[Math.min(this.handedOut, this.keys.length - 1)] ?? {}
    this.handedOut += 1
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: session } = keys
    return { id: id!, secret: secret!, session: session!, ends: Date.now() + this.life }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
