import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { goTool } from './goTool.ts'
import { cacheDir } from './neo4j.ts'

const project = join(import.meta.dirname, '../..')
const act = { name: 'act', package: 'github.com/nektos/act', version: 'v0.2.89' }

/** What an event hands to a workflow. */
export interface ActEvent {
  /** Of the event, such as `schedule`. */
  name: string
  payload: object
  variables?: Record<string, string>
  secrets?: Record<string, string>
}

/** What a run of a workflow said. */
export interface ActRun {
  succeeded: boolean
  /** The steps that ran, in order. */
  steps: string[]
  output: string
  /** What the steps wrote into the summary of the run. */
  summary: string
}

/** A copy of the project in which workflows run without GitHub, each step on this machine. */
export interface ActProject {
  run(workflow: string, event: ActEvent): Promise<ActRun>
}

/**
 * Copies the project, and puts stand-ins in the place of actions that are somewhere else, each a shell script by its name; one without does nothing.
 * `npm ci` is one too: it takes the packages that are here and builds.
 * @param path - folders of programs that the machine of a run has
 */
export async function actProject(
  folder: string,
  workflow: string,
  standIns: Record<string, string> = {},
  path: readonly string[] = [],
): Promise<ActProject> {
  const copy = join(folder, 'project')
  const { stdout } = await execa('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: project })
  for (const path of stdout.split('\0').filter((name) => /^(src|bin|deploy|\.github)\/|^[^/]+\.json$/.test(name))) {
    await cp(join(project, path), join(copy, path))
  }
  const git = async (...words: string[]) =>
    execa('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...words], { cwd: copy })
  await git('init', '-q')
  await git('remote', 'add', 'origin', 'https://git.example.org/example/backups.git')
  await git('add', '-A')
  await git('commit', '-qm', 'x')

  const bin = join(folder, 'bin')
  await script(
    join(bin, 'npm'),
    `[ "$1" = ci ] && ln -sfn ${project}/node_modules node_modules && exec node_modules/.bin/tsc -p tsconfig.build.json\n`,
  )
  const replaced: string[] = []
  for (const action of await actionsOf(copy, workflow)) {
    const name = action.split('@', 1)[0]!
    const standIn = join(folder, 'actions', name.replaceAll('/', '-'))
    await script(join(standIn, 'run.sh'), standIns[name] ?? 'true\n')
    await writeFile(
      join(standIn, 'action.yml'),
      'name: stand-in\nruns:\n  using: composite\n  steps:\n    - run: ${{ github.action_path }}/run.sh\n      shell: bash\n',
    )
    replaced.push('--local-repository', `${action}=${standIn}`)
  }
  const program = await goTool(act)

  return {
    async run(file, { name, payload, variables = {}, secrets = {} }) {
      const eventFile = join(folder, 'event.json')
      await writeFile(eventFile, JSON.stringify(payload))
      const words = [
        '--workflows',
        file,
        '--eventpath',
        eventFile,
        '--json',
        '--action-offline-mode',
        '--platform',
        'ubuntu-latest=-self-hosted',
      ]
      const { PATH, HOME, JAVA_HOME = '' } = process.env
      const { exitCode, all } = await execa(
        program,
        [
          name,
          ...words,
          ...replaced,
          ...Object.entries(variables).flatMap(([key, value]) => ['--var', `${key}=${value}`]),
          ...Object.entries(secrets).flatMap(([key, value]) => ['--secret', `${key}=${value}`]),
        ],
        {
          cwd: copy,
          reject: false,
          all: true,
          stdin: 'ignore',
          extendEnv: false,
          env: {
            PATH: [bin, ...path, PATH].join(':'),
            HOME,
            XDG_CACHE_HOME: join(folder, 'cache'),
            HOLDFAST_CACHE_DIR: cacheDir,
            JAVA_HOME,
          },
        },
      )
      const lines = all.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []))
      const steps = lines.flatMap(({ step, stage, stepResult }) =>
        stage === 'Main' && stepResult !== undefined && step ? [step] : [],
      )
      return {
        succeeded: exitCode === 0,
        steps,
        output: lines.map(({ msg }) => msg.trimEnd()).join('\n'),
        summary: lines.flatMap(({ command, content }) => (command === 'summary' && content ? [content] : [])).join(''),
      }
    },
  }
}

interface Line {
  msg: string
  command?: string
  content?: string
  step?: string
  stage?: string
  stepResult?: string
}

async function actionsOf(root: string, workflow: string): Promise<string[]> {
  const files = [workflow, '.github/actions/holdfast/action.yml']
  const texts = await Promise.all(files.map(async (file) => readFile(join(root, file), 'utf8')))
  return [...new Set(texts.flatMap((text) => [...text.matchAll(/uses: ([\w./-]+@[0-9a-f]{40})/g)].map((match) => match[1]!)))]
}

async function script(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `#!/usr/bin/env bash\n${text}`)
  await chmod(path, 0o755)
}
