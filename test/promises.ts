/** Something Holdfast promises its users. */
export interface Promised {
  /** What tests cite in their titles: `[restore.exact] …`. */
  id: string
  sentence: string
}

/**
 * Every promise, in plain words. The title of a test that proves one, or of a `describe` around it, begins
 * with its id in square brackets; `promises.test.ts` fails on a promise that no test cites and on a citation of what is not promised.
 *
 * | where the proof belongs | ids |
 * |---|---|
 * | test/unit, test/contracts | log.* repository.* settings.* secrets.* errors.* lease.* |
 * | test/scenarios | backup.* restore.* archive.* export.* neo4j.* demo.* log.changes |
 * | test/faults | crash.* damage.* |
 * | test/s3 | artifact.* s3.* |
 */
export const promises: readonly Promised[] = [
  {
    id: 'backup.hot',
    sentence:
      'A backup of a database that is being written to restores to exactly what was committed up to its last transaction.',
  },
  {
    id: 'backup.read-only',
    sentence: 'Making a backup changes nothing in the data directory: no content, no name, no permission.',
  },
  { id: 'backup.gives-way', sentence: 'Where a backup and the database both want the processor, the database goes first.' },
  { id: 'backup.without-bolt', sentence: 'A backup needs only files: it works while Bolt does not answer.' },
  { id: 'backup.offline', sentence: 'A stopped database is backed up with --offline, and a running one is refused there.' },
  {
    id: 'backup.one-set',
    sentence: 'The database and the system database are backed up as one set, so users and roles come back too.',
  },
  { id: 'backup.incremental', sentence: 'Each backup restores on its own, and stores only the blocks that no kept backup has.' },
  {
    id: 'backup.derived-files',
    sentence: 'Derived files that cannot be copied whole are left out and named in the manifest, and Neo4j rebuilds them.',
  },
  {
    id: 'backup.validate',
    sentence: 'A backup is validated without Neo4j: every block, every transaction and the manifest are checked.',
  },
  {
    id: 'backup.delete',
    sentence: 'Deleting a backup shows its plan unless confirmed, and frees only what no kept backup needs.',
  },
  {
    id: 'backup.proven',
    sentence: 'A restore that passed every check is recorded, and the newest backup so proven is deleted only by force.',
  },
  {
    id: 'archive.window',
    sentence: 'No backup or archived log is deleted that a moment within the promised window needs, unless by force.',
  },
  {
    id: 's3.protected',
    sentence: 'What is asked of a bucket, encryption and lock, is confirmed by its server, or nothing is stored there.',
  },
  {
    id: 's3.lock',
    sentence:
      'Under an object lock nobody removes what the newest backup needs before its own lock ends, packs of older backups included.',
  },
  {
    id: 's3.web-identity',
    sentence: 'A role and a web identity token are enough to reach a bucket: no long-lived key is needed.',
  },
  {
    id: 's3.network',
    sentence: 'Broken connections, overload and lost answers of an S3 server lose nothing and store nothing twice.',
  },
  {
    id: 'restore.exact',
    sentence: "A backup that is restored as it is has its schema, counts and last transaction, and passes Neo4j's own check.",
  },
  { id: 'restore.refused', sentence: 'A restore never writes into a data directory that is in use or not empty.' },
  {
    id: 'restore.resume',
    sentence: 'An interrupted restore is taken up again with --resume and ends as if it had never stopped.',
  },
  {
    id: 'export.portable',
    sentence: 'An exported backup loads with plain neo4j-admin, and its checksum is in the file beside it.',
  },
  {
    id: 'artifact.upload',
    sentence:
      'An uploaded file is in the bucket as it was on disk, encrypted as asked, with its facts beside it, or nothing of it is; nothing there is replaced but by force.',
  },
  {
    id: 'artifact.prune',
    sentence: 'A local file is removed only when the bucket is verified to hold it, and only where it has not changed since.',
  },
  {
    id: 'artifact.verify',
    sentence:
      'A dump is called good only if its checksum fits, Neo4j loads and checks it, and it answers as expected; nothing of the trial stays.',
  },
  {
    id: 'archive.exact',
    sentence:
      'The archive holds every transaction of the log as the bytes that were committed, each verified when it is stored and when it is read.',
  },
  {
    id: 'archive.point-in-time',
    sentence:
      'A restore to a transaction or a moment holds all that was acknowledged up to then and nothing that was sent later, on a database that passes the check.',
  },
  {
    id: 'archive.gaps',
    sentence:
      'Log that was pruned before it was archived is reported and marked, a new backup follows at once, and no point in the gap is restored.',
  },
  {
    id: 'archive.lineages',
    sentence:
      'A database that was restored and written to goes on in a lineage of its own, and both histories stay restorable; where both went on, no restore chooses by itself.',
  },
  {
    id: 'archive.crash',
    sentence:
      'However often the archiver, Neo4j or both are killed, nothing committed is missing from the archive and nothing in it is damaged.',
  },
  {
    id: 'archive.merge',
    sentence: 'What could be restored before segments were merged can be restored during and after it, wherever it breaks off.',
  },
  { id: 'archive.idle', sentence: 'While nothing is written to the database, the archiver asks nothing of the storage.' },
  {
    id: 'crash.no-half-backup',
    sentence: 'A crash at any point of a backup leaves no half backup: earlier ones stay valid and the next run works.',
  },
  { id: 'crash.safe-delete', sentence: 'A crash at any point of a deletion leaves every kept backup whole.' },
  {
    id: 'damage.detected',
    sentence: 'An object that was cut, changed, swapped or removed is detected when it is read, and is named.',
  },
  { id: 'damage.full-disk', sentence: 'A full disk is an error that says so, and harms no backup that was there.' },
  { id: 'repository.write-once', sentence: 'No object of a repository is ever overwritten, except a lease.' },
  { id: 'repository.manifest-last', sentence: 'A backup exists when its manifest exists, and the manifest is written last.' },
  {
    id: 'repository.format',
    sentence: 'The format of the repository is what docs/format.md says, byte by byte, and old repositories stay readable.',
  },
  {
    id: 'repository.encrypted',
    sentence:
      'In an encrypted repository no content, path or name of the database can be read without the key, and a wrong key says so at once.',
  },
  {
    id: 'lease.exclusive',
    sentence:
      'Two processes that must not run together never do, and the lease of a dead one is taken over without anybody unlocking it.',
  },
  {
    id: 'log.boundary',
    sentence:
      'The last whole transaction of a log is found however its end is torn, and a damaged one is never taken for a whole one.',
  },
  {
    id: 'log.commands',
    sentence:
      'Each command of a transaction is decoded to its last byte, or the place is named from which on the transaction cannot be decoded.',
  },
  {
    id: 'log.changes',
    sentence:
      'What the log is said to have changed, in names, labels, relationships and values, is what the database then holds.',
  },
  { id: 'log.unknown-version', sentence: 'A log or store of a version that is not known to work is refused, not tried.' },
  { id: 'neo4j.versions', sentence: 'Neo4j 5.13, the 5.26 line and the newest release are backed up and restored.' },
  { id: 'neo4j.contained', sentence: 'A Neo4j that Holdfast starts never outlives it.' },
  {
    id: 'demo.proof',
    sentence: 'The demo backs up a busy database, destroys it, restores it and says good only if every check passed.',
  },
  {
    id: 'settings.precedence',
    sentence:
      'A flag beats the environment, the environment the settings file, the file the default; messages say where a value came from.',
  },
  { id: 'settings.refused', sentence: 'A mistake in the settings file is refused with file, line and the nearest name.' },
  { id: 'secrets.hidden', sentence: 'No password, passphrase or key appears in a log, an error, an argument or the output.' },
  {
    id: 'errors.clear',
    sentence: 'Every error says what was found and what to do next, and the exit status says which kind it is.',
  },
]
