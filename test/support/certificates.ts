import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'

/** A certificate authority of its own and a certificate for this machine. */
export interface Certificates {
  /** Path of the authority's certificate (PEM). */
  authority: string
  /** Paths (PEM). */
  certificate: string
  key: string
}

const words = (line: string): string[] => line.split(' ')
const newKey = words('-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2')

/** Makes them in a folder with openssl; the server's are named as MinIO wants them. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const made = {
    authority: join(folder, 'authority.pem'),
    certificate: join(folder, 'public.crt'),
    key: join(folder, 'private.key'),
  }
  const openssl = async (...rest: string[]) => execa('openssl', ['req', '-x509', ...newKey, ...rest], { cwd: folder })
  await openssl(...words('-subj /CN=holdfast-tests -keyout authority.key -out authority.pem'))
  await openssl(
    ...words('-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=CA:FALSE'),
    ...words('-CA authority.pem -CAkey authority.key -keyout private.key -out public.crt'),
  )
  // A mistake of the command line shows here and not as a failed handshake.
  for (const path of Object.values(made)) if ((await readFile(path)).length === 0) throw new Error(`${path} is empty`)
  return made
}
