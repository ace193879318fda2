import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

/** A row of the level table in ARCHITECTURE.md. */
interface LevelRow {
  level: number
  /** A folder or a file directly below src. */
  folder: string
  /** Whether the row promises that the folder knows no files, sockets or processes. */
  isPure: boolean
}

const lineLimit = 300
const vagueNames =
  /^(utils?|helpers?|managers?|common|misc|types|index)$|(Utils?|Helpers?|Manager|Common)$|^(util|helper|common)[A-Z]/
const impureModules = /^node:(fs|net|tls|http|https|http2|dgram|dns|child_process|worker_threads|cluster)(\/|$)/
const processParts = /\bprocess\.(stdout|stderr|stdin|argv|exit|exitCode|cwd|chdir)\b/

/** The rows of the level table in the text of ARCHITECTURE.md. */
function readLevels(markdown: string): LevelRow[] {
  return [...markdown.matchAll(/^\| (\d) +\| (\S+) +\| (.*?) *\|$/gm)].map(([, level, folder, meaning]) => ({
    level: Number(level),
    folder: folder!,
    isPure: /\bpure\b/.test(meaning!),
  }))
}

/** Everything in a project folder that breaks its own ARCHITECTURE.md, one sentence each. */
export function architectureViolations(root: string): string[] {
  const levels = readLevels(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'))
  const files = sourceFiles(join(root, 'src')).map((path) => readSource(root, path))
  const others = ['test', 'bench'].flatMap((folder) => sourceFiles(join(root, folder))).map((path) => readSource(root, path))
  return [
    ...(levels.length === 0 ? ['ARCHITECTURE.md: no level table found'] : []),
    ...levels
      .filter(({ folder }) => !existsSync(join(root, 'src', folder)))
      .map(({ folder }) => `ARCHITECTURE.md: src/${folder} is listed but not there`),
    ...files.flatMap((file) => importViolations(file, files, levels)),
    ...cycles(files),
    ...files
      .filter(({ path, text }) => path !== 'src/main.ts' && processParts.test(text))
      .map(({ path }) => `${path}: touches the process; only src/main.ts does`),
    ...[...files, ...others].flatMap(shapeViolations),
  ]
}

interface SourceFile {
  /** Relative to the project, with slashes. */
  path: string
  text: string
  imports: readonly string[]
}

function sourceFiles(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .toSorted()
}

function readSource(root: string, path: string): SourceFile {
  const text = readFileSync(path, 'utf8')
  const imports = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"\n]+)['"]/g)].map((match) => match[1]!)
  return { path: relative(root, path).split(sep).join('/'), text, imports }
}

function importViolations(file: SourceFile, files: readonly SourceFile[], levels: readonly LevelRow[]): string[] {
  const from = rowOf(file.path, levels)
  if (from === undefined) return [`${file.path}: its folder is not in the level table`]
  return file.imports.flatMap((name) => {
    if (!name.startsWith('.')) {
      return from.isPure && impureModules.test(name) ? [`${file.path}: imports ${name}, but ${from.folder} is pure`] : []
    }
    const target = join(dirname(file.path), name).split(sep).join('/')
    if (!target.startsWith('src/')) return [`${file.path}: imports ${name}, which is outside src`]
    if (!files.some(({ path }) => path === target)) return [`${file.path}: imports ${name}, which is not there`]
    const to = rowOf(target, levels)
    if (to === undefined || to.folder === from.folder || to.level < from.level) return []
    const relation = to.level === from.level ? 'a sibling' : 'a higher level'
    return [`${file.path}: imports ${target}, which is ${relation}`]
  })
}

function rowOf(path: string, levels: readonly LevelRow[]): LevelRow | undefined {
  const folder = path.split('/')[1]
  return levels.find((row) => row.folder === folder)
}

/** Each cycle of imports between files, once. */
function cycles(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const done = new Set<string>()
  const found: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) found.push(`import cycle: ${[...trail.slice(start), path].join(' → ')}`)
    if (start >= 0 || done.has(path)) return
    for (const name of byPath.get(path)?.imports ?? []) {
      if (name.startsWith('.')) visit(join(dirname(path), name).split(sep).join('/'), [...trail, path])
    }
    done.add(path)
  }
  for (const { path } of files) visit(path, [])
  return found
}

function shapeViolations({ path, text }: SourceFile): string[] {
  const lines = text.split('\n').length - 1
  const names = path.split('/').map((name) => name.replace(/(\.test)?\.ts$/, ''))
  const vague = names.find((name) => vagueNames.test(name))
  return [
    ...(lines > lineLimit ? [`${path}: ${lines} lines, the limit is ${lineLimit}`] : []),
    ...(vague === undefined ? [] : [`${path}: '${vague}' says nothing about what it is`]),
  ]
}
