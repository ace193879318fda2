/** The object that makes a repository exist. */
export const repositoryName = 'repository'

export const keysPrefix = 'keys/'
export const packsPrefix = 'packs/'
export const backupsPrefix = 'backups/'
export const damagedPrefix = 'damaged/'

export function keyName(slot: string): string {
  return `${keysPrefix}${slot}`
}

/** Packs are spread over 256 folders by the first byte of their random id. */
export function packName(pack: string): string {
  return `${packsPrefix}${pack.slice(0, 2)}/${pack}.pack`
}

export function manifestName(backup: string): string {
  return `${backupsPrefix}${backup}/manifest`
}

export function blockTableName(backup: string): string {
  return `${backupsPrefix}${backup}/blocks`
}

/** A marker: no new backup may rely on this pack. */
export function damagedName(pack: string): string {
  return `${damagedPrefix}${pack}`
}

export const proofsPrefix = 'proofs/'

/** That a backup was proven at a time; in milliseconds, so that the order of names is that of times. */
export function proofName(backup: string, time: Date): string {
  return `${proofsPrefix}${backup}/${time.getTime()}`
}

/** The backup that an object tells to be proven, and when, ISO 8601. */
export function proofOfName(name: string): { backup: string; time: string } | undefined {
  const match = /^proofs\/([a-zA-Z0-9-]{1,100})\/(\d{13})$/.exec(name)
  return match ? { backup: match[1]!, time: new Date(Number(match[2])).toISOString() } : undefined
}

export function leasePrefix(lease: string): string {
  return `leases/${lease}/`
}

/** Zero-padded, so that the order of names is the order of generations. */
export function leaseName(lease: string, generation: number): string {
  return `${leasePrefix(lease)}${String(generation).padStart(10, '0')}`
}

/** The id in a pack's name; undefined for a name that is none. */
export function packOfName(name: string): string | undefined {
  const id = /^packs\/[0-9a-f]{2}\/([0-9a-f]{32})\.pack$/.exec(name)?.[1]
  return id !== undefined && packName(id) === name ? id : undefined
}

/** The pack a damaged-marker is about. */
export function packOfMarker(name: string): string | undefined {
  return /^damaged\/([0-9a-f]{32})$/.exec(name)?.[1]
}

/** The backup and the part of it that an object below `backups/` is; a folder with another name than Holdfast gives is none of its. */
export function partOfBackup(name: string): { backup: string; part: string } | undefined {
  const match = /^backups\/(\d{8}T\d{6}Z-[0-9a-f]{6})\/(.+)$/.exec(name)
  return match?.[1] !== undefined && match[2] !== undefined ? { backup: match[1], part: match[2] } : undefined
}

/** The generation in the name of a lease's object. */
export function generationOfName(name: string): number | undefined {
  const digits = /^leases\/[^/]+\/(\d{10})$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
