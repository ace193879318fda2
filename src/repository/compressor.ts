import { constants, createZstdCompress, type ZstdCompress, type ZstdOptions } from 'node:zlib'
import { largestBlock } from './block.ts'

/** As many as the thread pool has threads. */
const contexts = 4

/**
 * Compresses blocks in parallel on the thread pool, each into a zstd frame of its own.
 * Its few contexts live as long as it does: one per block costs a third more processor time.
 */
export class Compressor implements Disposable {
  readonly #idle: ZstdCompress[] = []
  readonly #all: ZstdCompress[] = []
  readonly #waiting: ((stream: ZstdCompress) => void)[] = []

  /** One zstd frame with the whole block. */
  async compress(plain: Buffer): Promise<Buffer> {
    const stream = this.#idle.pop() ?? (this.#all.length < contexts ? this.#create() : await this.#turn())
    const frame = await writeFrame(stream, plain)
    const next = this.#waiting.shift()
    if (next) next(stream)
    else this.#idle.push(stream)
    return frame
  }

  [Symbol.dispose](): void {
    for (const stream of this.#all) stream.destroy()
  }

  async #turn(): Promise<ZstdCompress> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #create(): ZstdCompress {
    const options: ZstdOptions & { readableHighWaterMark: number } = {
      // Each write ends its frame.
      flush: constants.ZSTD_e_end,
      params: { [constants.ZSTD_c_compressionLevel]: 1 },
      chunkSize: 1024 * 1024,
      // More than a block can become, so that the stream never waits to be read within a write.
      readableHighWaterMark: 2 * largestBlock,
    }
    const stream = createZstdCompress(options)
    this.#all.push(stream)
    return stream
  }
}

async function writeFrame(stream: ZstdCompress, plain: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject)
    stream.write(plain, (error) => {
      stream.off('error', reject)
      // By now everything the write has led to is readable.
      if (error) reject(error)
      else resolve(stream.read() as Buffer)
    })
  })
}
