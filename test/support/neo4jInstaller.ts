import { mavenEnvironment } from '../../src/config/environment.ts'
import { installNeo4j } from '../../src/neo4j/install.ts'

// Run as a program of its own with a cache folder and a version: installs it there and tells what it did.
const [cacheDir, version] = process.argv.slice(2)
const phases: string[] = []
const { lib } = await installNeo4j({
  cacheDir: cacheDir!,
  version: version!,
  mavenEnvironment: mavenEnvironment(process.env),
  onProgress: ({ phase }) => phases.push(phase),
})
process.stdout.write(JSON.stringify({ lib, phases: [...new Set(phases)] }))
