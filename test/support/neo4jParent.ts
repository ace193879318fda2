import { startIn } from './neo4j.ts'

// Run as a program of its own with a folder and a version: starts a Neo4j there, tells its pid, and waits to be killed.
const [folder, version] = process.argv.slice(2)
const instance = await startIn(folder!, version!)
process.stdout.write(`${instance.pid}\n`)
