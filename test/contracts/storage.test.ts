import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { directoryStorage } from '../../src/storage/directory.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { storageContract } from './storage.ts'

storageContract('memory', { holdsBodies: true, open: async () => ({ storage: memoryStorage(), close: async () => {} }) })

storageContract('directory', {
  holdsBodies: false,
  open: async () => {
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-storage-'))
    return { storage: directoryStorage(directory), close: async () => rm(directory, { recursive: true }) }
  },
})
