/**
 * What a file of a store is to a backup.
 * - `record`: holds data; cannot be rebuilt.
 * - `tree`: a B+ tree that Neo4j can rebuild; changes on disk between checkpoints too, and is whole only as of one.
 * - `lucene`: part of a Lucene index that Neo4j can rebuild; never changes once a commit names it.
 * - `never`: locks and temporary files, which must not be copied.
 */
export type StoreFileKind = 'record' | 'tree' | 'lucene' | 'never'

const treeFiles = ['neostore.counts.db', 'neostore.relationshipgroupstore.degrees.db', 'neostore.indexstats.db']
const treeProviders = /^(token-lookup|range|point)-/
const luceneProviders = /^(text|fulltext|vector)-/

/** Tells what a file is from its path inside the store directory, such as `schema/index/range-1.0/3/index-3`. */
export function storeFileKind(path: string): StoreFileKind {
  const parts = path.split('/')
  const name = parts.at(-1)!
  if (/_lock$|\.lock$|\.tmp(\.\d+)?$|^pending_segments_/.test(name)) return 'never'
  if (parts[0] === 'schema') return indexFileKind(parts)
  return treeFiles.includes(name) || name.endsWith('.id') ? 'tree' : 'record'
}

/**
 * The kind of a file at `schema/index/<provider>/<index>/…`. An index that is being built keeps other files beside its tree for a while;
 * and an index of an unknown provider is left to Neo4j to rebuild, for nothing is known of when its files are whole.
 */
function indexFileKind([, folder, provider = '', index, ...rest]: string[]): StoreFileKind {
  if (folder !== 'index' || rest.length === 0) return 'never'
  if (luceneProviders.test(provider)) return 'lucene'
  return treeProviders.test(provider) && rest.join('/') === `index-${index}` ? 'tree' : 'never'
}
